import { expect, test } from "vitest";
import { codeOf, credentials } from "./code";

test("a code is taken from behind the '#', and nothing else is", () => {
  expect(codeOf("#code=ABCD-EFGH-JKLM-NPQR")).toBe("ABCD-EFGH-JKLM-NPQR");
  for (const other of ["", "#", "#content", "#code=", "#code=short", "#code=slc_0123456789", "#code=a b c d e f g", "#x&code=ABCDEFGH"]) {
    expect(codeOf(other), other).toBeUndefined();
  }
});

test("a token is told from a code", () => {
  expect(credentials("slc_abc")).toEqual({ token: "slc_abc" });
  expect(credentials("abcd-efgh")).toEqual({ code: "abcd-efgh" });
});
