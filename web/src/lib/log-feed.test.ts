import { expect, it } from "vitest";
import { LogFeed } from "./log-feed";
import { LogStore } from "./log-store";

const t = (second: number) => `2026-01-31T09:30:0${second}.000Z`;
const made = (present?: (line: string) => string) => {
  const store = new LogStore();
  return { feed: new LogFeed(store, present), texts: () => Array.from({ length: store.size }, (_, i) => store.line(i + 1)?.text), store };
};

it("a piece of text is lines, each with its time", () => {
  const { feed, texts, store } = made();
  feed.text(`${t(1)} one\n${t(2)} two\n`);
  feed.text(`${t(3)} three\n`);
  expect(texts()).toEqual(["one", "two", "three"]);
  expect(store.line(2)?.at).toBe(Date.parse(t(2)));
});

it("a line that comes in parts is one line", () => {
  const { feed, texts } = made();
  feed.text(`${t(1)} one\n${t(2)} tw`);
  expect(texts()).toEqual(["one", "tw"]);
  feed.text(`o\n${t(3)} three\n`);
  expect(texts()).toEqual(["one", "two", "three"]);
});

it("what is followed goes on where the text stopped", () => {
  const { feed, texts } = made();
  feed.text(`${t(1)} loading…`);
  feed.event(` done\n${t(2)} next`);
  feed.event(`${t(3)} last`);
  expect(texts()).toEqual(["loading… done", "next", "last"]);
});

it("a progress line is its last state, also where it was cut at carriage returns", () => {
  const { feed, texts } = made();
  feed.text(`${t(1)} 10%\r20%\r`);
  feed.text(`30%\n`);
  feed.event(`${t(2)} 40%\n50%\n60%`);
  feed.event(`${t(3)} end`);
  expect(texts()).toEqual(["30%", "60%", "end"]);
});

it("empty lines are lines", () => {
  const { feed, texts } = made();
  feed.text(`${t(1)} \n${t(2)} x\n`);
  expect(texts()).toEqual(["", "x"]);
});

it("lines are kept as they are presented", () => {
  const { feed, texts } = made((line) => line.toUpperCase());
  feed.text(`${t(1)} one\n${t(2)} t`);
  feed.text(`wo\n`);
  expect(texts()).toEqual(["ONE", "TWO"]);
});
