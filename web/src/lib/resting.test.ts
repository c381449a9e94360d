import { describe, expect, it } from "vitest";
import type { Stage } from "@/api/client";
import { hoursProblem, restWords, rests, sleepWords } from "./resting";

describe("hours", () => {
  it.each(["", "mon-fri 08:00-19:00 Europe/Berlin", "daily 22:00-06:00 UTC", "mon-thu 08:00-18:00, fri 08:00-24:00 America/New_York"])("%j are well", (text) =>
    expect(hoursProblem(text)).toBeUndefined(),
  );
  it.each([
    ["always", "time zone"],
    ["mon-fri 08:00-19:00", "time zone"],
    ["weekdays 08:00-19:00 UTC", "“weekdays 08:00-19:00”"],
    ["mon-fri 8-19 UTC", "“mon-fri 8-19”"],
    ["mon 08:00-09:00, UTC", "“”"],
  ])("%j are not", (text, word) => expect(hoursProblem(text)).toContain(word));
});

it("says when it sleeps", () => expect([sleepWords(0), sleepWords(1800)]).toEqual(["Never", "After 30 min without a request"]));
it("says why nothing runs", () =>
  expect([restWords({ why: "idle", since: "2026-01-30T10:00:00.000Z" }), restWords({ why: "hours", since: "2026-01-30T10:00:00.000Z" })]).toEqual([
    "asleep: the next request wakes it",
    "outside its hours",
  ]));
it("says what saving does", () => {
  const stage = { rest: { why: "idle", since: "2026-01-30T10:00:00.000Z" } } as Stage;
  expect(rests(stage, {})).toBe("It wakes at once.");
  expect(rests({} as Stage, {})).toBe("It runs at all times.");
  expect(rests({} as Stage, { sleep_after: 600, hours: "daily 08:00-19:00 UTC" })).toContain("10 min after the last request");
});
