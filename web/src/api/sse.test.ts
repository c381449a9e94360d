import { describe, expect, it } from "vitest";
import { SseParser } from "./sse";

describe("an event stream", () => {
  const text = ": hello\n\nid: 7\nevent: ChangeCheckedIn\ndata: {\"a\":1}\n\ndata: one\ndata: two\n\n";
  const events = [
    { event: "ChangeCheckedIn", data: '{"a":1}', id: "7" },
    { event: "message", data: "one\ntwo", id: "7" },
  ];
  it("is read whole", () => expect(new SseParser().feed(text)).toEqual(events));
  it("is read in any pieces", () => {
    for (const size of [1, 2, 3, 7]) {
      const parser = new SseParser();
      const out = [];
      for (let at = 0; at < text.length; at += size) out.push(...parser.feed(text.slice(at, at + size)));
      expect(out).toEqual(events);
    }
  });
  it("may end its lines with CR LF", () => expect(new SseParser().feed(text.replaceAll("\n", "\r\n"))).toEqual(events));
  it("gives nothing of an event that has not ended", () => expect(new SseParser().feed("data: one\n")).toEqual([]));
});
