import { describe, expect, it } from "vitest";
import { differences, draftOfText, mergeOf, nameProblem, namesOf, problemOf, rowsOf, summary, type Variables } from "./variables";

const base: Variables = { LEVEL: { value: "info" }, HOST: { value: "a" }, KEY: { secret: true } };

describe("edits of variables", () => {
  it("are told from what the server has", () => {
    const rows = rowsOf(base, {
      HOST: { remove: true },
      KEY: { value: "new", secret: true },
      LEVEL: { value: "info", secret: false },
      MORE: { value: "", secret: false },
    });
    expect(rows.map((row) => `${row.name} ${row.change}`)).toEqual(["HOST removed", "KEY changed", "LEVEL same", "MORE added"]);
    expect(summary(rows)).toBe("1 added, 1 changed, 1 removed");
  });
  it("that change nothing are not sent", () =>
    expect(mergeOf(base, { LEVEL: { value: "info", secret: false }, KEY: { secret: true }, GONE: { remove: true } })).toEqual({}));
  it("are one request", () =>
    expect(
      mergeOf(base, {
        HOST: { remove: true },
        LEVEL: { secret: true },
        KEY: { value: "shown", secret: false },
        MORE: { value: "x", secret: true },
      }),
    ).toEqual({ HOST: null, LEVEL: { secret: true }, KEY: { value: "shown", secret: false }, MORE: { value: "x", secret: true } }));
  it("cannot show a secret", () => {
    expect(problemOf(rowsOf(base, { KEY: { secret: false } }))).toMatch(/^KEY: A secret's value is never shown/);
    expect(problemOf(rowsOf(base, { KEY: { value: "x", secret: false } }))).toBeUndefined();
  });
  it("are bounded as on the server", () => {
    expect(problemOf(rowsOf(base, { A: { value: "é".repeat(32_769), secret: false } }))).toBe("A: At most 64 KB.");
    expect(problemOf(rowsOf(base, { A: { value: "é".repeat(32_768), secret: false } }))).toBeUndefined();
  });
  it("survive names that objects have", () => {
    expect(rowsOf({}, { constructor: { value: "x", secret: false } })).toHaveLength(1);
    expect(rowsOf({ toString: { value: "x" } }, {}).map((row) => row.name)).toEqual(["toString"]);
  });
});

it.each([
  ["A_1", undefined],
  ["_", undefined],
  ["", "Give it a name."],
  ["1A", "Letters, digits and _, not beginning with a digit."],
  ["A-B", "Letters, digits and _, not beginning with a digit."],
  ["PORT", "PORT is chosen by Sluice for each instance."],
])("the name %j: %s", (name, says) => expect(nameProblem(name)).toBe(says));

describe("a text for all", () => {
  it("removes plain ones that it leaves out, and keeps secrets", () =>
    expect(draftOfText(base, {}, [{ name: "HOST", value: "b" }])).toEqual({
      HOST: { value: "b", secret: false },
      LEVEL: { remove: true },
    }));
  it("gives a secret a new value, which stays secret", () =>
    expect(
      draftOfText(base, {}, [
        { name: "HOST", value: "a" },
        { name: "LEVEL", value: "info" },
        { name: "KEY", value: "new" },
      ]),
    ).toEqual({ KEY: { value: "new", secret: true } }));
  it("keeps edits of secrets", () =>
    expect(draftOfText(base, { KEY: { value: "typed", secret: true } }, [{ name: "HOST", value: "a" }, { name: "LEVEL", value: "info" }])).toEqual({
      KEY: { value: "typed", secret: true },
    }));
  it("drops what was added and then left out", () =>
    expect(draftOfText({}, { A: { value: "1", secret: false } }, [])).toEqual({}));
});

it("two stages differ", () =>
  expect(
    differences(base, { LEVEL: { value: "debug" }, KEY: { value: "x" }, NEW: { value: "1" } }).map((one) => `${one.name} ${one.state}`),
  ).toEqual(["HOST only here", "KEY unknown", "LEVEL different", "NEW only there"]));

it("a save is told by what happened to the names of its kind", () => {
  const variables = [
    { kind: "runtime", name: "B", what: "removed" },
    { kind: "runtime", name: "A", what: "added" },
    { kind: "build", name: "C", what: "added" },
    { kind: "runtime", name: "D", what: "added" },
  ];
  expect(namesOf(variables, "runtime")).toEqual([
    { what: "added", names: ["A", "D"] },
    { what: "removed", names: ["B"] },
  ]);
  expect(namesOf(variables.slice(0, 2), "build")).toEqual([]);
});
