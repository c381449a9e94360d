import { describe, expect, it } from "vitest";
import { kMostOfLine, LogStore, widthOf } from "./log-store";

const filled = (many: number, text = (n: number) => `line ${n}`, store = new LogStore()) => {
  for (let n = 1; n <= many; ++n) store.append(n * 1000, text(n));
  return store;
};

describe("a log store", () => {
  it("numbers lines from 1 and finds each again", () => {
    const store = filled(10_000);
    expect([store.first, store.end, store.size]).toEqual([1, 10_001, 10_000]);
    for (const n of [1, 2, 2048, 2049, 4097, 9_999, 10_000]) expect(store.line(n)).toEqual({ number: n, at: n * 1000, text: `line ${n}` });
    expect(store.line(0)).toBeUndefined();
    expect(store.line(10_001)).toBeUndefined();
  });

  it("is empty at first", () => {
    const store = new LogStore();
    expect([store.size, store.rows(80), store.line(1), store.atRow(0, 80).number]).toEqual([0, 0, undefined, 1]);
  });

  it("takes the last line anew, at the beginning of a chunk, too", () => {
    const store = filled(2049);
    store.replaceLast("other");
    expect([store.line(2048)?.text, store.line(2049)?.text, store.end]).toEqual(["line 2048", "other", 2050]);
    store.append(0, "next");
    expect(store.line(2050)?.text).toBe("next");
  });

  it("forgets the oldest beyond its limit, and keeps the numbers", () => {
    const store = filled(100_000, (n) => `line ${n}`.padEnd(99), new LogStore(1_000_000));
    expect(store.end).toBe(100_001);
    expect(store.first).toBeGreaterThan(80_000);
    expect(store.line(store.first)?.text.trim()).toBe(`line ${store.first}`);
    expect(store.line(store.first - 1)).toBeUndefined();
    expect(store.rowOf(1, 50)).toBe(0);
    expect(store.size * 100).toBeLessThan(1_200_000);
  });

  it("cuts a line that is too long", () => {
    const store = filled(1, () => "x".repeat(kMostOfLine + 1234));
    expect(store.line(1)?.text).toBe("x".repeat(kMostOfLine) + " … 1,234 more characters; a download has them");
  });

  it("knows the rows that lines take when they are wrapped", () => {
    const store = filled(5000, (n) => "x".repeat(n % 30));
    const rowsOf = (n: number) => Math.max(1, Math.ceil((n % 30) / 10));
    let row = 0;
    for (let n = 1; n <= 5000; ++n) {
      if (n % 97 === 0) {
        expect(store.rowOf(n, 10)).toBe(row);
        expect(store.atRow(row, 10)).toEqual({ number: n, row });
        expect(store.atRow(row + rowsOf(n) - 1, 10)).toEqual({ number: n, row });
      }
      row += rowsOf(n);
    }
    expect(store.rows(10)).toBe(row);
    expect(store.atRow(row + 100, 10).number).toBe(5000);
    expect([store.rows(Infinity), store.rowOf(7, Infinity), store.atRow(6, Infinity).number]).toEqual([5000, 6, 7]);
    store.append(0, "x".repeat(95));
    expect(store.rows(10)).toBe(row + 10);
  });

  it("knows the style in which a line begins, over chunks", () => {
    const text = (n: number) => (n === 5 ? "\x1b[31mred from here" : n === 3000 ? "\x1b[0mplain from here" : "text");
    const store = filled(6000, text);
    expect([5, 6, 2500, 3000, 3001].map((n) => store.styleAt(n))).toEqual([{}, { fg: 1 }, { fg: 1 }, { fg: 1 }, {}]);
    expect(filled(10, text, new LogStore(1e6, false)).styleAt(6)).toEqual({});
  });

  it("tells its watchers once a round", () => {
    const store = new LogStore();
    let told = 0;
    const stop = store.watch(() => ++told);
    filled(10, undefined, store).touch();
    stop();
    store.touch();
    expect([told, store.version]).toEqual([1, 2]);
  });

  it("takes a million lines quickly", () => {
    const begun = performance.now();
    const store = filled(1_000_000, (n) => `line ${n} of a log with words enough to be like a real one, more or less`);
    expect(store.line(765_432)?.text).toContain("765432");
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});

it("wide characters take two columns, marks none", () => expect(["abc", "漢字", "é", "e\u0301", "✅ok", "\x1b[1mab"].map(widthOf)).toEqual([3, 4, 1, 1, 4, 2]));
