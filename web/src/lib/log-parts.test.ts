import { describe, expect, it } from "vitest";
import { visible } from "./ansi";
import { accessBriefHead, accessHead, presentAccess, presentAccessBriefly, readAccess } from "./log-access";
import { findLast } from "./log-find";
import { picked, readRange, writeRange } from "./log-range";
import { LogSearch, patternOf } from "./log-search";
import { LogStore } from "./log-store";
import { clock, sameDay } from "./log-times";
import { kRow, Scale } from "./log-window";

const filled = (lines: string[]) => {
  const store = new LogStore();
  lines.forEach((line) => store.append(0, line));
  return store;
};

describe("searching", () => {
  const all = (store: LogStore, words: string) => {
    const search = new LogSearch(store, patternOf(words)!);
    while (search.step(1));
    return search;
  };
  it("finds words as they are, in any case, once a line, over colours", () => {
    const store = filled(["Error: error", "fine", "an \x1b[31mer\x1b[0mror", "", "a.b", "axb"]);
    expect(all(store, "error").found).toEqual([1, 3]);
    expect(all(store, "a.b").found).toEqual([5]);
    expect(all(store, "nothing").found).toEqual([]);
    expect(patternOf("")).toBeNull();
  });
  it("goes over chunks and goes on with what is appended", () => {
    const store = filled(Array.from({ length: 10_000 }, (_, i) => (i % 1000 === 499 ? "needle" : "hay")));
    const search = all(store, "NEEDLE");
    expect(search.found).toEqual([500, 1500, 2500, 3500, 4500, 5500, 6500, 7500, 8500, 9500]);
    store.append(0, "hay");
    store.append(0, "a needle");
    expect(search.step(1)).toBe(false);
    expect(search.found.at(-1)).toBe(10_002);
    expect([search.from(1), search.from(501), search.from(20_000)]).toEqual([0, 1, 0]);
  });
  it("stops when its time is over, and says so", () => {
    const store = filled(Array.from({ length: 10_000 }, () => "hay"));
    let now = 0;
    expect(new LogSearch(store, /hay/gi).step(1, () => (now += 1))).toBe(true);
  });
  it("finds where lines stand near the end", () => {
    const store = filled(["a", "b", "a", "\x1b[31mb \x1b[0m", "c"]);
    expect(findLast(store, ["a", "b"])).toEqual({ from: 3, to: 4 });
    expect(findLast(store, ["b", "a", "c"])).toBeNull();
  });
});

describe("links to lines", () => {
  it.each([
    ["#L120", { from: 120, to: 120 }],
    ["#L120-L130", { from: 120, to: 130 }],
    ["130-120", { from: 120, to: 130 }],
    ["#", null],
    ["#L0", null],
    ["#about", null],
  ])("%s", (text, range) => expect(readRange(text)).toEqual(range));
  it("are written as they are read", () => {
    for (const range of [{ from: 3, to: 3 }, { from: 3, to: 9 }]) expect(readRange(writeRange(range))).toEqual(range);
  });
  it("grow with shift from where they began", () => {
    expect(picked(5, null, true)).toEqual({ from: 5, to: 5 });
    expect(picked(9, { from: 5, to: 5 }, true)).toEqual({ from: 5, to: 9 });
    expect(picked(2, { from: 5, to: 9 }, true)).toEqual({ from: 2, to: 5 });
    expect(picked(2, { from: 5, to: 9 }, false)).toEqual({ from: 2, to: 2 });
  });
});

describe("the scale of scrolling", () => {
  it("is one to one where the log is short enough", () => {
    const scale = new Scale(1000, 600);
    expect([scale.bar, scale.end, scale.toTop(77), scale.toBar(99999)]).toEqual([20_000, 19_400, 77, 19_400]);
  });
  const long = new Scale(1_000_000, 600, 100_000);
  it("of a long log fits the bar, meets both ends, and is its own inverse", () => {
    expect([long.bar, long.toTop(0), long.toTop(99_400)]).toEqual([100_000, 0, 1_000_000 * kRow - 600]);
    for (const top of [0, 1000, 25_000, 25_001, 1e6, 1e7, 19_974_400, 19_990_000, long.end]) expect(long.toTop(long.toBar(top))).toBeCloseTo(top, 3);
  });
  it("moves by pixels for a short way, jumps for a long one", () => {
    expect(long.moved(10_000_000, 50_000, 50_100, 600)).toBe(10_000_100);
    expect(long.moved(10_000_000, 50_000, 70_000, 600)).toBeCloseTo(long.toTop(70_000));
    expect(long.moved(300, 200, 0, 600)).toBe(0);
    expect(long.moved(10_000_000, 99_000, 99_400, 600)).toBe(long.end);
  });
});

describe("the access log", () => {
  const line = '10.0.0.7 "GET /a?b=c d HTTP/1.1" 404 bytes=12345 first=3 total=17 to=stg_1.b/2.0-18103 end=-- id=74b1';
  it("is read", () =>
    expect(readAccess(line)).toEqual({ client: "10.0.0.7", method: "GET", path: "/a?b=c d", status: 404, bytes: 12345, total: 17, instance: "2.0", id: "74b1" }));
  it("stands in columns below its head", () => {
    const row = visible(presentAccess(line));
    expect(row.indexOf("GET")).toBe(accessHead.indexOf("Request"));
    expect(row).toMatch(/^404 +17 ms +12 kB +2\.0 +10\.0\.0\.7 +GET \/a\?b=c d$/);
    const brief = visible(presentAccessBriefly(line));
    expect(brief.indexOf("GET")).toBe(accessBriefHead.indexOf("Request"));
    expect(presentAccess(line)).toContain("\x1b[33m404\x1b[39m");
  });
  it("says where the gateway answered by itself, and shows another line as it is", () => {
    expect(readAccess('::1 "<BADREQ>" 400 bytes=0 first=-1 total=-1 to=gateway/<NOSRV> end=PR')?.instance ?? null).toBeNull();
    expect(readAccess('::1 "GET / HTTP/1.1" 503 bytes=9 first=-1 total=0 to=gateway/<NOSRV> end=LR id=x')?.instance).toBe("");
    expect(presentAccess("something else")).toBe("something else");
  });
});

it("times are the reader's, with the day where there are several", () => {
  const at = new Date(2026, 0, 31, 9, 5, 7, 4).getTime();
  expect([clock(at, false), clock(at, true), clock(NaN, true)]).toEqual(["09:05:07.004", "2026-01-31 09:05:07.004", ""]);
  expect([sameDay(at, at + 1000), sameDay(at, at + 86_400_000), sameDay(NaN, at)]).toEqual([true, false, true]);
});
