import { expect, test } from "vitest";
import { cacheProblem, keyNameProblem, limitsProblem, noLimits, plainCache } from "./endpoint";

test("limits that make sense, and those that do not", () => {
  expect(limitsProblem(noLimits)).toBeUndefined();
  expect(limitsProblem({ rate: 5, burst: 10, body_bytes: 1 << 20, answer_seconds: 30 })).toBeUndefined();
  expect(limitsProblem({ ...noLimits, rate: NaN })).toMatch(/^Requests a second/);
  expect(limitsProblem({ ...noLimits, burst: 3 })).toMatch(/means nothing without/);
  expect(limitsProblem({ ...noLimits, rate: 5, burst: 3 })).toMatch(/not less than the 5/);
  expect(limitsProblem({ ...noLimits, rate: 2, burst: 2001 })).toMatch(/1,000 times/);
  expect(limitsProblem({ ...noLimits, body_bytes: -1 })).toMatch(/^Size/);
  expect(limitsProblem({ ...noLimits, answer_seconds: 0 })).toMatch(/^Time/);
});

test("what is kept, for how long", () => {
  expect(cacheProblem(plainCache)).toBeUndefined();
  expect(cacheProblem({ seconds: 30, paths: ["/assets/", "/"] })).toBeUndefined();
  expect(cacheProblem({ seconds: 0, paths: [] })).toMatch(/^Kept/);
  for (const wrong of ["", "assets", "/a b", '/a"', "/a#b"]) expect(cacheProblem({ seconds: 30, paths: [wrong] }), wrong).toMatch(/^Paths/);
});

test("names of keys", () => {
  expect(keyNameProblem("ci-2.x_y")).toBeUndefined();
  for (const wrong of ["", "a b", "ä", "x".repeat(65)]) expect(keyNameProblem(wrong), wrong).toBeDefined();
});
