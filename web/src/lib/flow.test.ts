import { describe, expect, it } from "vitest";
import type { Deployment, Stack, Stage } from "@/api/client";
import { behind, canRetry, deployedByAdding, inOrder, progressOf, stageBefore, usualSteps, whatAddingDoes } from "./flow";

const stage = (name: string, position: number | undefined, runs?: number): Stage =>
  ({ name, position, current: runs === undefined ? undefined : { change: runs } }) as Stage;
const stack = (newest: number | undefined, ...stages: Stage[]): Stack =>
  ({ stages, newest: newest === undefined ? undefined : { change: newest } }) as Stack;

describe("a new stage", () => {
  const shop = stack(7, stage("dev", 1, 6), stage("test", 2), stage("prod", 3, 4), stage("old", undefined, 2));
  it("takes what runs in the stage before it (R5.1)", () => {
    expect(deployedByAdding(shop, { after: "dev" })).toEqual({ change: 6, from: "dev" });
    expect(deployedByAdding(shop, { before: "test" })).toEqual({ change: 6, from: "dev" });
  });
  it("at the end takes what runs in the last, not in one that is going", () => {
    expect(deployedByAdding(shop, {})).toEqual({ change: 4, from: "prod" });
    expect(stageBefore(inOrder(shop), {})?.name).toBe("prod");
  });
  it("waits where there is nothing", () => expect(deployedByAdding(shop, { after: "test" })).toBeUndefined());
  it("takes the newest check-in as the first", () => expect(deployedByAdding(shop, { before: "dev" })).toEqual({ change: 7 }));
  it("waits in a stack without a check-in", () => expect(deployedByAdding(stack(undefined), {})).toBeUndefined());
});

it("a stage is behind by the check-ins that came after its own", () => {
  expect(behind(stack(7), stage("prod", 1, 4))).toBe(3);
  expect(behind(stack(7), stage("prod", 1))).toBe(0);
  expect(behind(stack(undefined), stage("prod", 1))).toBe(0);
});

it("what failed can be tried again when nothing goes on", () => {
  const failed = { ...stage("dev", 1), last: { state: "failed" } } as Stage;
  expect(canRetry(failed)).toBe(true);
  expect(canRetry({ ...failed, waiting: { change: 2 } } as Stage)).toBe(false);
  expect(canRetry({ ...failed, last: { state: "succeeded" } } as Stage)).toBe(false);
});

const at = (seconds: number) => new Date(1_000_000_000_000 + seconds * 1000).toISOString();
const deployed = (state: string, ...ends: [string, number, number?][]): Deployment =>
  ({
    state,
    steps: ends.map(([name, from, to]) => ({ name, started_at: at(from), ended_at: to === undefined ? undefined : at(to) })),
  }) as Deployment;

describe("progress", () => {
  const usual = usualSteps([
    deployed("failed", ["building", 0, 900]),
    deployed("succeeded", ["building", 0, 10], ["starting", 10, 20]),
    deployed("succeeded", ["building", 0, 10], ["starting", 10, 20]),
    deployed("succeeded", ["building", 0, 99], ["starting", 99, 100]),
  ]);
  const now = (seconds: number) => Date.parse(at(seconds));
  it("knows the usual time of the steps", () => {
    expect(usual?.get("building")).toBe(10_000);
    expect(usual?.get("verifying")).toBe(0);
    expect(usualSteps([deployed("failed")])).toBeUndefined();
  });
  it("is measured by it", () => {
    expect(progressOf(deployed("building", ["building", 0]), usual, now(5))).toEqual({ step: 1, part: 0.25, left: 15_000 });
    expect(progressOf(deployed("starting", ["building", 0, 60], ["starting", 60]), usual, now(65))).toEqual({
      step: 5,
      part: 0.75,
      left: 5_000,
    });
  });
  it("promises nothing when it takes longer", () => {
    expect(progressOf(deployed("building", ["building", 0]), usual, now(500))).toEqual({ step: 1, part: 0.5, left: undefined });
  });
  it("counts steps where nothing is known", () => {
    expect(progressOf(deployed("building", ["building", 0]), undefined, now(5)).part).toBeCloseTo(0.5 / 7);
  });
});

describe("what adding a stage does", () => {
  const dev = { ...stage("dev", 1, 6), mark: 6 } as Stage;
  const prod = { ...stage("prod", 2, 4), mark: 5, requires_approval: true, approval: { change: 5 } } as Stage;
  it("is said before", () =>
    expect(whatAddingDoes(stack(6, dev, prod), { after: "dev" }, "canary", false)).toEqual([
      "canary deploys change #6 at once, without approval: it is what dev runs now.",
      "Change #5, which waits at prod, can be approved as before.",
      "When that succeeds, #6 asks for approval for prod.",
    ]));
  it("is little at the end", () =>
    expect(whatAddingDoes(stack(6, dev), {}, "prod", true)).toEqual([
      "prod deploys change #6 at once, without approval: it is what dev runs now.",
      "Later changes ask first.",
    ]));
  it("is nothing yet where nothing runs", () =>
    expect(whatAddingDoes(stack(6, stage("dev", 1)), {}, "prod", true)[0]).toContain("asks for approval"));
});
