import { describe, expect, it } from "vitest";
import type { Approval, Change, Deployment } from "@/api/client";
import { wayOf, worked } from "./timeline";

const at = (second: number) => new Date(Date.UTC(2026, 0, 31, 9, 30, second)).toISOString();
const change = (second: number): Change => ({
  number: 4,
  commit: "4".repeat(40),
  branch: "main",
  message: "Four",
  author: { name: "ann", email: "ann@example.org" },
  at: at(second),
  stages: [],
});
const deployment = (id: string, second: number, more: Partial<Deployment> = {}): Deployment => ({
  id,
  stack: "shop",
  stage: "dev",
  change: 4,
  commit: "4".repeat(40),
  kind: "flow",
  state: "succeeded",
  built: true,
  by: "git",
  queued_at: at(second),
  steps: [],
  ...more,
});
const approval: Approval = { stack: "shop", stage: "prod", change: 4, state: "approved", since: at(5), decided_at: at(9), by: "ann" };
const told = (way: ReturnType<typeof wayOf>) =>
  way.map((one) => (one.kind === "deployed" ? one.deployment.id : one.kind));

describe("a change's way", () => {
  it("is in the order of time", () =>
    expect(told(wayOf(change(0), [deployment("b", 9), deployment("a", 1)], [approval]))).toEqual([
      "checked-in",
      "a",
      "asked",
      "decided",
      "b",
    ]));
  it("begins with the check-in, whatever the author's clock said", () =>
    expect(told(wayOf(change(50), [deployment("a", 1)], []))).toEqual(["checked-in", "a"]));
  it("has no decision before there is one", () =>
    expect(told(wayOf(change(0), [], [{ ...approval, state: "pending", decided_at: undefined }]))).toEqual(["checked-in", "asked"]));
});

describe("how long a deployment has worked", () => {
  const now = Date.parse(at(30));
  it("is nothing before it starts", () => expect(worked(deployment("a", 1, { state: "queued" }), now)).toBeUndefined());
  it("grows while it runs", () => expect(worked(deployment("a", 1, { state: "building", started_at: at(10) }), now)).toBe(20_000));
  it("stays when it has ended", () =>
    expect(worked(deployment("a", 1, { started_at: at(10), ended_at: at(13) }), now)).toBe(3_000));
});
