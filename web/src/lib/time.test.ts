import { describe, expect, it } from "vitest";
import { age, ago, duration } from "./time";

const now = Date.parse("2026-01-10T12:00:00Z");
const before = (seconds: number) => now - seconds * 1000;

describe("an age", () => {
  it.each([
    [0, "now"],
    [-5, "now"],
    [1.9, "now"],
    [2, "2 s"],
    [59, "59 s"],
    [60, "1 min"],
    [3599, "59 min"],
    [3600, "1 h"],
    [86399, "23 h"],
    [86400, "1 d"],
    [7 * 86400, "1 w"],
    [40 * 86400, "1 mo"],
    [800 * 86400, "2 y"],
  ])("of %d s is %s", (seconds, text) => expect(age(before(seconds), now)).toBe(text));
  it("says ago, but not of now", () => expect([ago(before(0), now), ago(before(5), now)]).toEqual(["now", "5 s ago"]));
});

describe("a duration", () => {
  it.each([
    [0, "0 ms"],
    [43, "43 ms"],
    [420, "0.42 s"],
    [9400, "9.4 s"],
    [12_300, "12 s"],
    [185_000, "3 min 5 s"],
    [180_000, "3 min"],
    [3_720_000, "1 h 2 min"],
    [200_000_000, "2 d 7 h"],
  ])("of %d ms is %s", (ms, text) => expect(duration(ms)).toBe(text));
});
