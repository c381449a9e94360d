import type { Schemas } from "@/api/client";

// Edits of a stage's variables before they are saved: all of them are one request, so one settings revision (R7.2).

export type Variables = Schemas["Variables"];
/** `value` absent: it stays as it is (of a secret, or when only its secrecy changes). */
export type Edit = { remove: true } | { remove?: false; value?: string; secret: boolean };
export type Draft = Record<string, Edit>;

export interface Row {
  name: string;
  /** What the server has; absent: the variable is new. */
  before?: { value?: string; secret: boolean };
  /** What will be; `value` absent: a secret that stays as it is. */
  now: { value?: string; secret: boolean };
  change: "same" | "added" | "changed" | "removed";
  problem?: string;
}

const kLongestValue = 65_536; // bytes, as the server has it
const kMostVariables = 1000;

export function nameProblem(name: string): string | undefined {
  if (!name) return "Give it a name.";
  if (name === "PORT") return "PORT is chosen by Sluice for each instance.";
  if (!/^[A-Za-z_]\w{0,255}$/.test(name)) return "Letters, digits and _, not beginning with a digit.";
  return undefined;
}
export function valueProblem(value: string): string | undefined {
  if (value.includes("\0")) return "A value cannot hold a NUL byte.";
  if (new TextEncoder().encode(value).length > kLongestValue) return "At most 64 KB.";
  return undefined;
}

const known = (variable: Variables[string] | undefined) =>
  variable && { value: "value" in variable ? variable.value : undefined, secret: "secret" in variable && !!variable.secret };
const own = <T>(of: Record<string, T>, name: string): T | undefined => (Object.hasOwn(of, name) ? of[name] : undefined);

/** All variables by name, as they are and as they will be. */
export function rowsOf(base: Variables, draft: Draft): Row[] {
  const names = [...new Set([...Object.keys(base), ...Object.keys(draft)])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return names.flatMap((name): Row[] => {
    const before = known(own(base, name));
    const edit = own(draft, name);
    if (!edit) return before ? [{ name, before, now: before, change: "same" }] : [];
    if (edit.remove) return before ? [{ name, before, now: before, change: "removed" }] : [];
    const now = { value: edit.value ?? before?.value, secret: edit.secret };
    const problem =
      now.value !== undefined
        ? valueProblem(now.value)
        : !before
          ? "Give it a value."
          : before.secret && !now.secret
            ? "A secret's value is never shown: to make it a plain variable, give it a new value."
            : undefined;
    if (!before) return [{ name, now, change: "added", problem }];
    const same = before.secret === now.secret && (before.secret ? edit.value === undefined : before.value === now.value);
    return [{ name, before, now, change: same ? "same" : "changed", problem }];
  });
}

/** What is sent; names that stay as they are are left out. */
export function mergeOf(base: Variables, draft: Draft): Schemas["VariableMerge"] {
  const body: Schemas["VariableMerge"] = {};
  for (const row of rowsOf(base, draft)) {
    if (row.change === "same") continue;
    if (row.change === "removed") {
      body[row.name] = null;
      continue;
    }
    const edit = draft[row.name];
    const value = edit && !edit.remove ? edit.value : undefined;
    body[row.name] = value === undefined ? { secret: row.now.secret } : { value, secret: row.now.secret };
  }
  return body;
}

export function problemOf(rows: Row[]): string | undefined {
  const wrong = rows.find((row) => row.problem);
  if (wrong) return `${wrong.name}: ${wrong.problem}`;
  const count = rows.filter((row) => row.change !== "removed").length;
  return count > kMostVariables ? `A stage has at most 1,000 variables of a kind; these are ${count}.` : undefined;
}

/** "2 added, 1 changed", or nothing when nothing will change. */
export const summary = (rows: Row[]): string =>
  (["added", "changed", "removed"] as const)
    .map((change) => [rows.filter((row) => row.change === change).length, change] as const)
    .filter(([count]) => count > 0)
    .map(([count, change]) => `${count} ${change}`)
    .join(", ");

/** The draft that makes the variables what a text says: plain ones that it leaves out go, secrets that it leaves out stay. */
export function draftOfText(base: Variables, draft: Draft, entries: { name: string; value: string }[]): Draft {
  const out: Draft = {};
  const said = new Map(entries.map((one) => [one.name, one.value]));
  for (const row of rowsOf(base, draft)) {
    const edit = own(draft, row.name);
    if (said.has(row.name)) continue;
    if (row.now.secret || row.change === "removed") {
      if (edit) out[row.name] = edit;
    } else if (row.before) {
      out[row.name] = { remove: true };
    }
  }
  for (const [name, value] of said) {
    const edit = own(draft, name);
    const secret = edit && !edit.remove ? edit.secret : (known(own(base, name))?.secret ?? false);
    const before = known(own(base, name));
    if (before && !before.secret && !secret && before.value === value) continue;
    out[name] = { value, secret };
  }
  return out;
}

export interface Difference {
  name: string;
  here?: { value?: string; secret: boolean };
  there?: { value?: string; secret: boolean };
  /** `unknown`: both have it, and at least one value is secret. */
  state: "same" | "different" | "unknown" | "only here" | "only there";
}

/** How the variables of two stages differ, by name. */
export function differences(here: Variables, there: Variables): Difference[] {
  const names = [...new Set([...Object.keys(here), ...Object.keys(there)])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return names.map((name) => {
    const [a, b] = [known(own(here, name)), known(own(there, name))];
    const state = !b ? "only here" : !a ? "only there" : a.secret || b.secret ? "unknown" : a.value === b.value ? "same" : "different";
    return { name, here: a, there: b, state };
  });
}

/** What one save did to the variables of a kind: their names by what happened to them. */
export function namesOf(variables: { kind: string; name: string; what: string }[], kind: string): { what: string; names: string[] }[] {
  return ["added", "changed", "removed"]
    .map((what) => ({ what, names: variables.filter((one) => one.kind === kind && one.what === what).map((one) => one.name) }))
    .filter(({ names }) => names.length > 0);
}
