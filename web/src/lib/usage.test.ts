import { describe, expect, it } from "vitest";
import type { Usage } from "@/api/usage";
import { bytes, bytesCeiling, ceilingOf, idleOf, money, monthOf, seriesOf, togetherWithin } from "./usage";

const point = (at: string, over: Partial<Usage["points"][number]> = {}) => ({
  at,
  instances: 2,
  cpu: 0.5,
  memory: 1024,
  memory_peak: 2048,
  requests: 30,
  client_errors: 0,
  server_errors: 6,
  ...over,
});
const totals = { requests: 0, client_errors: 0, server_errors: 0, memory_peak: 0, cpu_hours: 0, instance_hours: 48, idle_instance_hours: 30, gb_hours: 0 };
const usage: Usage = {
  stack: "shop",
  stage: "prod",
  since: "2026-02-03T12:00:00.000Z",
  until: "2026-02-03T12:03:30.000Z",
  step: 60,
  measured_at: "2026-02-03T12:03:30.000Z",
  next_at: "2026-02-03T12:04:00.000Z",
  now: { instances: 2, cpu: 0, memory: 0 },
  totals,
  points: [point("2026-02-03T12:01:00.000Z", { p50: 10, p95: 20, p99: 30 }), point("2026-02-03T12:03:00.000Z")],
  deployments: [],
};

describe("seriesOf", () => {
  it("has a value for every step, also those that were left out", () => {
    const series = seriesOf(usage);
    expect(series.at.map((at) => new Date(at).getUTCMinutes())).toEqual([0, 1, 2, 3]);
    expect(series.instances).toEqual([0, 2, 0, 2]);
    expect(series.p95).toEqual([null, 20, null, null]);
  });
  it("counts requests a minute, the last step by what has passed of it", () => {
    expect(seriesOf(usage).requests).toEqual([0, 30, 0, 60]);
    expect(seriesOf(usage).serverErrors).toEqual([0, 6, 0, 12]);
  });
  it("passes over points from elsewhere", () => {
    expect(seriesOf({ ...usage, points: [point("2020-01-01T00:00:00Z")] }).instances).toEqual([0, 0, 0, 0]);
  });
});

describe("togetherWithin", () => {
  it("puts into one place what stands too close", () => {
    const at = (minute: number) => ({ at: `2026-02-03T12:${String(minute).padStart(2, "0")}:00.000Z` });
    const places = togetherWithin([at(0), at(1), at(2), at(30), at(40)], 5 * 60_000);
    expect(places.map((one) => one.length)).toEqual([3, 1, 1]);
    expect(togetherWithin([], 1)).toEqual([]);
  });
});

describe("words", () => {
  it("ends axes at round numbers", () => {
    expect(ceilingOf(0, 1)).toBe(1);
    expect(ceilingOf(3, 1)).toBe(5);
    expect(ceilingOf(0.3, 0.1)).toBe(0.5);
    expect(ceilingOf(1100, 1)).toBe(2000);
    expect(bytesCeiling(300 * 1024 ** 2)).toBe(500 * 1024 ** 2);
    expect(bytesCeiling(1.5 * 1024 ** 3)).toBe(2 * 1024 ** 3);
    expect(bytesCeiling(900 * 1024 ** 2)).toBe(1000 * 1024 ** 2);
  });
  it("says sizes and money as people do", () => {
    expect(bytes(0)).toBe("0 B");
    expect(bytes(1.5 * 1024 ** 2)).toBe("1.5 MB");
    expect(bytes(412 * 1024 ** 2)).toBe("412 MB");
    expect(money(12.5, "EUR")).toMatch(/^EUR 12.50$/);
    expect(money(0.0123, "EUR")).toMatch(/^EUR 0.0123$/);
  });
  it("says what instances are in a month", () => {
    expect(monthOf(2, undefined)).toMatch(/^2 instances: 1.?440 instance hours a month, used or not.$/);
    expect(monthOf(1, { currency: "EUR", instance_hour: 0.01 })).toBe("1 instance: 720 instance hours a month, EUR 7.20, used or not.");
    expect(monthOf(0, undefined)).toBe("No instance: no instance hours.");
    expect(monthOf(NaN, undefined)).toBe("No instance: no instance hours.");
  });
  it("says what was idle, where there is something to say", () => {
    expect(idleOf(totals, "30 days")).toBe("In the last 30 days, 30 of 48 instance hours passed without a request for a quarter of an hour or longer.");
    expect(idleOf({ ...totals, instance_hours: 0.5 }, "hour")).toBeUndefined();
  });
});
