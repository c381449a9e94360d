import { expect, it } from "vitest";
import { visible } from "./ansi";
import { filterQuery, isLevel, presentRuntime } from "./log-runtime";

it("a line of an instance begins with its tag, in one of four colours", () => {
  expect(presentRuntime("[12.3.0] listening [1.2.3] on 80")).toBe("\x1b[33m12.3.0 \x1b[39m  listening [1.2.3] on 80");
  expect(visible(presentRuntime("[1.1.0] "))).toBe("1.1.0    ");
  const colorOf = (tag: string) => presentRuntime(`[${tag}] x`).slice(0, 5);
  expect(new Set(["7.3.0", "7.3.1", "7.4.0", "7.4.1"].map(colorOf)).size).toBe(4);
});

it("a line of another shape stays as it is", () => {
  for (const line of ["", "plain", "[x] y", "[1.2] y", " [1.2.3] y"]) expect(presentRuntime(line)).toBe(line);
});

it("what leaves lines out is told to the API", () => {
  expect(filterQuery("", null)).toBe("");
  expect(filterQuery("a b&c", null)).toBe("grep=a%20b%26c");
  expect(filterQuery("x", "warn")).toBe("grep=x&level=warn");
  expect([isLevel("warn"), isLevel("loud"), isLevel(null)]).toEqual([true, false, false]);
});
