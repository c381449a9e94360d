import { describe, expect, it } from "vitest";
import { branchProblem, labelProblem } from "./names";

describe("a name", () => {
  it.each(["a", "shop", "prod-eu", "0x", "a".repeat(32)])("may be %s", (name) => expect(labelProblem(name)).toBeUndefined());
  it.each(["", "-a", "a-", "A", "a.b", "a_b", "ä", "a b", "a".repeat(33)])("may not be “%s”", (name) =>
    expect(labelProblem(name)).toBeTypeOf("string"),
  );
});

describe("a branch", () => {
  it.each(["main", "feature/new-cart", "v1.2+rc"])("may be %s", (name) => expect(branchProblem(name)).toBeUndefined());
  it.each(["", "HEAD", "-a", "/a", "a/", "a.", ".a", "a..b", "a//b", "a/.b", "a.lock", "a.lock/b", "a b", "ü"])(
    "may not be “%s”",
    (name) => expect(branchProblem(name)).toBeTypeOf("string"),
  );
});
