import { describe, expect, it } from "vitest";
import { type Page, withItem, withNewest } from "./pages";

interface Item {
  n: number;
  word?: string;
}
const page = (numbers: number[], next: string | null = "x", word?: string): Page<Item> => ({
  items: numbers.map((n) => (word ? { n, word } : { n })),
  next,
});
const id = (item: Item) => item.n;
const numbers = (pages: Page<Item>[]) => pages.map((one) => one.items.map(id));

describe("the newest page", () => {
  it("comes in front and loses nothing", () =>
    expect(numbers(withNewest([page([9, 8, 7], "7"), page([6, 5, 4], "4")], page([11, 10, 9], "9"), id))).toEqual([
      [11, 10, 9, 8, 7],
      [6, 5, 4],
    ]));
  it("keeps where to go on", () =>
    expect(withNewest([page([9, 8, 7], "7")], page([10, 9, 8], "8"), id).map((one) => one.next)).toEqual(["7"]));
  it("replaces what has changed", () =>
    expect(withNewest([page([3, 2, 1], null)], page([3, 2, 1], null, "new"), id)[0]?.items[0]?.word).toBe("new"));
  it("leaves no gap", () =>
    expect(numbers(withNewest([page([9, 8, 7]), page([6, 5])], page([30, 29, 28]), id))).toEqual([[30, 29, 28]]));
  it("has nothing twice when the first page has grown before", () =>
    expect(numbers(withNewest([page([9], "9"), page([8, 7, 6], null)], page([10, 9, 8], "8"), id))).toEqual([
      [10, 9, 8],
      [7, 6],
    ]));
  it("is all there is at first", () => expect(numbers(withNewest([], page([1]), id))).toEqual([[1]]));
  it("fills an empty list", () => expect(numbers(withNewest([page([], null)], page([1], null), id))).toEqual([[1]]));
});

describe("one item", () => {
  it("is replaced where it is", () =>
    expect(withItem([page([3, 2]), page([1])], { n: 1, word: "new" }, id)[1]?.items).toEqual([{ n: 1, word: "new" }]));
  it("changes nothing when it is not loaded", () => {
    const pages = [page([3, 2])];
    expect(withItem(pages, { n: 9 }, id)).toBe(pages);
  });
});
