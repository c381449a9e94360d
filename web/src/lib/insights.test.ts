import { describe, expect, it } from "vitest";
import type { Deployment } from "@/api/client";
import { bins, ceiling, durationCeiling, insightsOf, kDay, lastDays, median, perTime } from "./insights";

const now = Date.parse("2026-03-31T12:00:00Z");
const hour = 3_600_000;
const iso = (ago: number) => new Date(now - ago * hour).toISOString();
let made = 0;
/** A deployment that ended so many hours ago. */
const dep = (change: number, state: Deployment["state"], ago: number, more: Partial<Deployment> = {}): Deployment => ({
  id: `dep_${++made}`,
  stack: "shop",
  stage: "prod",
  change,
  commit: "0".repeat(40),
  kind: "flow",
  state,
  built: true,
  by: "ada",
  queued_at: iso(ago + 1),
  ended_at: iso(ago),
  steps: [],
  ...more,
});
const checkedIn = (...all: [number, number][]) => new Map(all.map(([number, ago]) => [number, { at: iso(ago) }]));
const week = lastDays(7, now);

describe("deployment frequency", () => {
  it("counts what was delivered in the window", () => {
    const all = [dep(1, "succeeded", 200), dep(2, "succeeded", 20), dep(3, "failed", 10), dep(4, "succeeded", 5)];
    expect(insightsOf(all, new Map(), week).frequency).toBeCloseTo(2 / 7);
  });
  it("leaves out redeploys, rollbacks, cancelled and superseded ones, and retries of those", () => {
    const all = [
      dep(1, "succeeded", 20, { kind: "redeploy" }),
      dep(1, "succeeded", 19, { kind: "rollback" }),
      dep(2, "cancelled", 18),
      dep(3, "superseded", 17),
      dep(1, "succeeded", 16, { kind: "retry", repeats: "redeploy" }),
      dep(4, "succeeded", 15, { kind: "retry", repeats: "flow" }),
      dep(5, "succeeded", 14, { kind: "promote" }),
      dep(6, "building", 13, { ended_at: undefined }),
    ];
    expect(insightsOf(all, new Map(), week).deliveries.map((one) => one.change)).toEqual([4, 5]);
  });
});

describe("lead time", () => {
  it("is from the check-in to the first time it was live here", () => {
    const all = [dep(1, "succeeded", 10), dep(1, "succeeded", 5, { kind: "promote" }), dep(2, "succeeded", 1)];
    const { lead, leadMedian } = insightsOf(all, checkedIn([1, 14], [2, 3]), week);
    expect(lead.map((one) => [one.change, one.took / hour])).toEqual([
      [1, 4],
      [2, 2],
    ]);
    expect(leadMedian).toBe(3 * hour);
  });
  it("is not counted again for what was live before the window", () => {
    const all = [dep(1, "succeeded", 300), dep(1, "succeeded", 5, { kind: "promote" })];
    expect(insightsOf(all, checkedIn([1, 310]), week).lead).toEqual([]);
  });
  it("is unknown without a check-in, which is counted", () => {
    const { leadMedian, leadUnknown } = insightsOf([dep(1, "succeeded", 5), dep(2, "succeeded", 6)], checkedIn([2, 7]), week);
    expect(leadMedian).toBe(hour);
    expect(leadUnknown).toBe(1);
  });
});

describe("change failure rate", () => {
  it("is of changes, not of attempts", () => {
    const all = [dep(1, "failed", 20), dep(1, "failed", 19, { kind: "retry" }), dep(1, "succeeded", 18, { kind: "retry" }), dep(2, "succeeded", 10)];
    expect(insightsOf(all, new Map(), week).failureRate).toBe(0.5);
  });
  it("counts what was rolled back from", () => {
    const all = [dep(1, "succeeded", 20), dep(2, "succeeded", 10), dep(1, "succeeded", 5, { kind: "rollback" })];
    const { tried, failureRate } = insightsOf(all, new Map(), week);
    expect(tried.map((one) => [one.change, one.failed])).toEqual([
      [1, false],
      [2, true],
    ]);
    expect(failureRate).toBe(0.5);
  });
  it("is unknown where nothing was tried", () => expect(insightsOf([], new Map(), week).failureRate).toBeUndefined());
});

describe("time to restore", () => {
  it("is from the first failure to the next success", () => {
    const all = [dep(1, "succeeded", 30), dep(2, "failed", 20), dep(3, "failed", 18), dep(4, "succeeded", 12)];
    const { restored, restoreMedian, brokenSince } = insightsOf(all, new Map(), week);
    expect(restored.map((one) => [one.change, one.took / hour])).toEqual([[4, 8]]);
    expect([restoreMedian, brokenSince]).toEqual([8 * hour, undefined]);
  });
  it("of a rollback counts from when it was asked for", () => {
    const all = [dep(1, "succeeded", 30), dep(2, "succeeded", 20), dep(1, "succeeded", 12, { kind: "rollback", queued_at: iso(13) })];
    expect(insightsOf(all, new Map(), week).restored.map((one) => one.took / hour)).toEqual([1]);
  });
  it("says what is still broken, and a redeploy mends nothing", () => {
    const all = [dep(1, "succeeded", 30), dep(2, "failed", 20), dep(1, "succeeded", 19, { kind: "redeploy" })];
    const { restored, brokenSince } = insightsOf(all, new Map(), week);
    expect([restored, brokenSince]).toEqual([[], now - 20 * hour]);
  });
});

describe("pieces of a window", () => {
  it("are days, then weeks, and hold everything once", () => {
    for (const [days, count] of [
      [7, 7],
      [30, 30],
      [90, 13],
    ] as const) {
      const items = Array.from({ length: days * 4 }, (_, i) => ({ at: now - i * 6 * hour - 1 }));
      const all = bins(items, lastDays(days, now));
      expect(all).toHaveLength(count);
      expect(all.reduce((sum, bin) => sum + bin.items.length, 0)).toBe(items.length);
      expect(all.every((bin, i) => i === 0 || all[i - 1]?.to === bin.from)).toBe(true);
      expect(all[all.length - 1]?.to).toBeGreaterThanOrEqual(now);
    }
  });
});

it("a median", () => expect([median([]), median([3]), median([1, 9, 2]), median([1, 2, 3, 10])]).toEqual([undefined, 3, 2, 2.5]));
it.each([
  [0, "none"],
  [12.4, "12 a day"],
  [2.25, "2.3 a day"],
  [1, "1 a day"],
  [3 / 7, "3 a week"],
  [2 / 30, "2 a month"],
])("%d a day is said as %s", (value, words) => expect(perTime(value)).toBe(words));
it("axes end at round figures", () => {
  expect([0, 1, 3, 7, 11, 120].map(ceiling)).toEqual([1, 1, 5, 10, 20, 200]);
  expect([400, 45_000, 5 * hour, 3 * kDay].map(durationCeiling)).toEqual([1000, 60_000, 8 * hour, 5 * kDay]);
});
