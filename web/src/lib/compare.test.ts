import { expect, test } from "vitest";
import type { Deployment } from "@/api/client";
import { notable, pairs, wentWhere, whole } from "./compare";

const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000Z`;
const deployment = (steps: [string, number, number?][], more: Partial<Deployment> = {}): Deployment => ({
  id: "dep_1",
  stack: "shop",
  stage: "prod",
  change: 1,
  commit: "a".repeat(40),
  kind: "flow",
  state: "succeeded",
  built: true,
  by: "ann",
  queued_at: at(0),
  steps: steps.map(([name, from, to]) => ({ name, state: to === undefined ? "running" : "succeeded", started_at: at(from), ended_at: to === undefined ? undefined : at(to) })),
  ...more,
});

test("steps stand side by side in their order, those of either, with how long they took", () => {
  const other = deployment([["building", 0, 4], ["starting", 4, 5]]);
  const one = deployment([["building", 0, 2], ["publishing", 2, 3], ["starting", 3]]);
  expect(pairs(other, one)).toEqual([
    { name: "building", other: 4000, one: 2000 },
    { name: "publishing", other: undefined, one: 1000 },
    { name: "starting", other: 1000, one: undefined },
  ]);
});

test("only what has begun and ended took a time", () => {
  expect(whole(deployment([], { started_at: at(1), ended_at: at(4) }))).toBe(3000);
  expect(whole(deployment([], { started_at: at(1) }))).toBeUndefined();
  expect(whole(deployment([], { ended_at: at(4) }))).toBeUndefined();
});

test("a small difference is not worth a word", () => {
  expect(notable(10_000, 10_900)).toBeUndefined();
  expect(notable(10_000, 12_000)).toBe(2000);
  expect(notable(10_000, 8000)).toBe(-2000);
  expect(notable(50, 120)).toBeUndefined();
  expect(notable(undefined, 3)).toBeUndefined();
});

test("where history went", () => {
  const one = deployment([]);
  expect(wentWhere({ deployment: one })).toBe("prod ran nothing before.");
  expect(wentWhere({ deployment: one, with: one, direction: "same", total: 0 })).toMatch(/same commit/);
  expect(wentWhere({ deployment: one, with: one, direction: "forward", total: 1 })).toBe("Forward: 1 commit came, and none went away.");
  expect(wentWhere({ deployment: one, with: one, direction: "back", total: 0, dropped_total: 2 })).toMatch(/2 commits went away/);
  expect(wentWhere({ deployment: one, with: one })).toMatch(/not known/);
});
