import { describe, expect, it } from "vitest";
import table from "../../../src/cli/dotenv_cases.json?raw";
import { parseDotenv, printDotenv, printValue } from "./dotenv";

const pairs = (text: string) => Object.fromEntries(parseDotenv(text).entries.map((one) => [one.name, one.value]));
const errors = (text: string) => parseDotenv(text).errors.map((one) => `line ${one.line} ${one.message}`);

interface Case {
  text: string;
  gives?: Record<string, string>;
  wrong?: { line: number; says: string };
}
const { cases } = JSON.parse(table) as { cases: Case[] };

describe("reading .env text", () => {
  it.each(cases)("$text, as the command line reads it", ({ text, gives, wrong }) => {
    if (wrong) expect(errors(text)[0]).toBe(`line ${wrong.line} ${wrong.says}`);
    else expect([pairs(text), errors(text)]).toEqual([gives, []]);
  });
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
    const hard = ["", " ", "a b", "\n", "x\n\ny\n", "\t", '"', "'", "\\", "\\n", "$A ${B}", "# no", "a #b", "=", "\r", "a\r\nb\r", "é", "-----BEGIN\nab+/=\n-----END\n"];
    const many = hard.map((value, i) => ({ name: `V${i}`, value }));
    const { entries, errors: wrong } = parseDotenv(printDotenv(many));
    expect(wrong).toEqual([]);
    expect(entries.map(({ name, value }) => ({ name, value }))).toEqual(many);
  });
});
