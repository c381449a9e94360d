import { describe, expect, it } from "vitest";
import { parseDotenv, printDotenv, printValue } from "./dotenv";

const pairs = (text: string) => Object.fromEntries(parseDotenv(text).entries.map((one) => [one.name, one.value]));
const errors = (text: string) => parseDotenv(text).errors.map((one) => `line ${one.line} ${one.message}`);

describe("reading .env text", () => {
  it("reads what such files have", () =>
    expect(
      pairs(
        [
          "# a comment",
          "",
          "A=1",
          "export B = two words  # and why",
          'C="line\\nbreak \\"quoted\\"" # after',
          "D='as $it \\n is'",
          "E=",
          "F=a#b\r",
          'G="over\ntwo"',
          "  H\t=\tlast",
        ].join("\n"),
      ),
    ).toEqual({
      A: "1",
      B: "two words",
      C: 'line\nbreak "quoted"',
      D: "as $it \\n is",
      E: "",
      F: "a#b",
      G: "over\ntwo",
      H: "last",
    }));
  it.each([
    ['A="\\t\\\\\\$\\x"', "\t\\$\\x"],
    ["A='it is \"so\"'", 'it is "so"'],
    ["A=#nothing", ""],
    ["A=x#y # z", "x#y"],
    ["A=it's", "it's"],
    ["A==b=c", "=b=c"],
    ["A=   ", ""],
    ['A="one\r\ntwo"\r\n', "one\ntwo"],
    ["\uFEFFA=1", "1"],
    ["A=\"ü → 世界\"", "ü → 世界"],
  ])("%j gives %j", (text, value) => expect(pairs(text)).toEqual({ A: value }));
  it("names every line that is wrong", () => {
    expect(errors("A=1\nnot a pair\nB=2\n9=1\n=x")).toEqual([
      "line 2 is not NAME=VALUE",
      "line 4 is not NAME=VALUE",
      "line 5 is not NAME=VALUE",
    ]);
    expect(errors('A="1\n2\nB=')).toEqual(["line 1 opens a quote that is not closed"]);
    expect(errors("A='x' y\nB=1")).toEqual(["line 1 has something after its closing quote"]);
    expect(errors("A='x\ny'\n9=1\n")).toEqual(["line 3 is not NAME=VALUE"]);
    expect(errors("export\nA-B=1")).toEqual(["line 1 is not NAME=VALUE", "line 2 is not NAME=VALUE"]);
  });
  it("keeps the good lines beside the wrong ones", () => expect(pairs("A=1\n?\nB=2")).toEqual({ A: "1", B: "2" }));
  it("refuses a name that stands twice", () => {
    expect(errors("A=1\nB=2\nA=3")).toEqual(["line 3 says A again, which stands in line 1 already"]);
    expect(pairs("A=1\nA=3")).toEqual({ A: "1" });
  });
});

describe("printing .env text", () => {
  it("quotes only what needs it", () =>
    expect(["", "a", "http://x/?a=b&c", "two words", "a#b", "$HOME", "it's", 'a"b\\c'].map(printValue)).toEqual([
      "",
      "a",
      "http://x/?a=b&c",
      '"two words"',
      '"a#b"',
      '"\\$HOME"',
      '"it\'s"',
      '"a\\"b\\\\c"',
    ]));
  it("shows what has no value as a comment", () =>
    expect(printDotenv([{ name: "A", value: "1" }, { name: "KEY" }])).toBe("A=1\n# KEY is kept as it is\n"));
  it("comes back as it was, whatever it holds", () => {
    const hard = ["", " ", "a b", "\n", "x\n\ny\n", "\t", '"', "'", "\\", "\\n", "$A ${B}", "# no", "a #b", "=", "é", "-----BEGIN\nab+/=\n-----END\n"];
    const many = hard.map((value, i) => ({ name: `V${i}`, value }));
    const { entries, errors: wrong } = parseDotenv(printDotenv(many));
    expect(wrong).toEqual([]);
    expect(entries.map(({ name, value }) => ({ name, value }))).toEqual(many);
  });
});
