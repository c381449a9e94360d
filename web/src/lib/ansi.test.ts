import { describe, expect, it } from "vitest";
import { contrast, endOf, luminanceOf, parse, plain, readable, rgbOf, tidy, visible } from "./ansi";

const e = "\x1b[";
const spans = (line: string) => parse(line).spans.map(({ text, style }) => [text, style]);

describe("colours of a line", () => {
  it.each<[string, unknown]>([
    ["plain", [["plain", {}]]],
    ["", []],
    [`${e}31mred${e}0m rest`, [["red", { fg: 1 }], [" rest", {}]]],
    [`${e}1;4;93mloud${e}m.`, [["loud", { bold: true, underline: true, fg: 11 }], [".", {}]]],
    [`a${e}1mb${e}22mc`, [["a", {}], ["b", { bold: true }], ["c", {}]]],
    [`${e}38;5;208;1mx`, [["x", { fg: 208, bold: true }]]],
    [`${e}48;2;1;20;255mx${e}49my`, [["x", { bg: "#0114ff" }], ["y", {}]]],
    [`${e}38:2::255:0:0mx`, [["x", { fg: "#ff0000" }]]],
    [`${e}38:5:9mx`, [["x", { fg: 9 }]]],
    [`${e}38;5;999mx`, [["x", {}]]],
    [`${e}7;3;2;9mx${e}27;23;29mx`, [["x", { inverse: true, italic: true, dim: true, strike: true }], ["x", { dim: true }]]],
    [`${e}4:3mx${e}4:0my`, [["x", { underline: true }], ["y", {}]]],
  ])("%j", (line, expected) => expect(spans(line)).toEqual(expected));

  it("go on over the end of the line", () => {
    const { end } = parse(`${e}32mgreen`);
    expect(parse("still", end).spans).toEqual([{ text: "still", style: { fg: 2 } }]);
    expect(endOf(`${e}32mgreen\n${e}1mand bold\n`, plain)).toEqual({ fg: 2, bold: true });
  });
});

describe("a raw line", () => {
  it.each<[string, string, string]>([
    ["keeps what is seen", "naïve ✓ 漢", "naïve ✓ 漢"],
    ["keeps colours", `${e}31mred${e}0m`, `${e}31mred${e}0m`],
    ["drops moves and clears", `${e}2K${e}1Gdone${e}?25h`, "done"],
    ["drops titles and links, not their text", "\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"],
    ["drops an escape that is not whole", "end\x1b[", "end"],
    ["drops bells and nulls", "a\x07b\0c", "abc"],
    ["is its last state after carriage returns", "10%\r20%\r100%", "100%"],
    ["is not emptied by a last carriage return", `10%\r100%\r${e}K`, "100%"],
    ["has spaces for tabs", `${e}1ma\tbc\td`, `${e}1ma       bc      d`],
  ])("%s", (_, raw, expected) => expect(tidy(raw)).toBe(expected));
  it("without its colours", () => expect(visible(`${e}1ma${e}38;5;1mb`)).toBe("ab"));
});

describe("a colour", () => {
  it("of the palette", () => expect([16, 196, 231, 232, 255].map(rgbOf)).toEqual(["#000000", "#ff0000", "#ffffff", "#080808", "#eeeeee"]));
  it("is moved until it can be read, and not further", () => {
    for (const behind of ["#ffffff", "#17181b", "#8f5a00"])
      for (const color of ["#ffff00", "#0000ff", "#808080", "#78c850"]) {
        const lit = luminanceOf(behind);
        expect(contrast(luminanceOf(readable(color, lit)), lit)).toBeGreaterThanOrEqual(4.5);
      }
    expect(readable("#0000ff", 1)).toBe("#0000ff");
  });
});
