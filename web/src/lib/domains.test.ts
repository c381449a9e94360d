import { describe, expect, it } from "vitest";
import { domainProblem, pemProblem, standing } from "./domains";

describe("a domain of one's own", () => {
  it.each(["shop.example.org", "a.b", "xn--mnchen-3ya.de", "1.example.org"])("takes %s", (name) => {
    expect(domainProblem(name, [])).toBeUndefined();
  });
  it.each([
    ["", /name/],
    ["https://shop.example.org", /alone/],
    ["shop.example.org/x", /alone/],
    ["shop.example.org:443", /port/],
    ["Shop.example.org", /lower-case/],
    ["münchen.de", /xn--/],
    ["*.example.org", /by itself/],
    ["shop", /like/],
    ["-a.example.org", /like/],
    ["a..org", /like/],
    [`${"a".repeat(64)}.org`, /like/],
    ["dev.shop.localhost", /localhost/],
    ["there.example.org", /already/],
  ])("refuses %j", (name, why) => {
    expect(domainProblem(name, ["there.example.org"])).toMatch(why);
  });
  it("ends at twenty", () => {
    const all = Array.from({ length: 20 }, (_, i) => `a${i}.example.org`);
    expect(domainProblem("one.example.org", all)).toMatch(/at most 20/);
  });
});

describe("how a certificate stands", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const domain = "a.example.org";
  it.each([
    [{}, "No certificate", "gray"],
    [{ obtaining: true }, "Being got", "blue"],
    [{ error: "refused" }, "Failed", "red"],
    [{ ends_at: "2026-03-01T00:00:00Z" }, "Secure", "green"],
    [{ ends_at: "2026-01-10T00:00:00Z" }, "Secure", "yellow"],
    [{ ends_at: "2026-01-10T00:00:00Z", error: "refused" }, "Not renewed", "yellow"],
    [{ ends_at: "2025-12-31T00:00:00Z" }, "Ended", "red"],
  ])("%j", (more, word, color) => {
    const said = standing({ domain, ...more }, now);
    expect([said.word, said.color]).toEqual([word, color]);
  });
  it("says what comes next", () => {
    const next_try_at = "2026-02-01T00:00:00Z";
    expect(standing({ domain, ends_at: "2026-03-01T00:00:00Z", next_try_at }, now).note).toEqual({ text: "Renewed by itself", at: next_try_at });
    expect(standing({ domain, error: "refused", next_try_at }, now).note).toEqual({ text: "Refused.", at: next_try_at });
    expect(standing({ domain, next_try_at }, now).note).toBeUndefined();
  });
});

describe("what is pasted", () => {
  const certificate = "-----BEGIN CERTIFICATE-----\nx";
  it("is a certificate and its key", () => {
    expect(pemProblem({ certificate, key: "-----BEGIN EC PRIVATE KEY-----\nx" })).toEqual({});
    expect(pemProblem({ certificate: "", key: "" })).toEqual({ certificate: expect.stringMatching(/Paste/), key: expect.stringMatching(/Paste/) });
    expect(pemProblem({ certificate: "x", key: certificate })).toEqual({ certificate: expect.stringMatching(/begins/), key: expect.stringMatching(/begins/) });
    expect(pemProblem({ certificate, key: "-----BEGIN ENCRYPTED PRIVATE KEY-----" }).key).toMatch(/password/);
  });
});
