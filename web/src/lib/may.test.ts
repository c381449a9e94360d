import { describe, expect, it } from "vitest";
import { mayNot } from "./may";

const dev = { name: "dev", requires_approval: false };
const prod = { name: "prod", requires_approval: true };

describe("R8.7", () => {
  it("an admin may everything", () => expect(mayNot("admin", "decide", prod)).toBeUndefined());
  it("a viewer nothing", () => expect(mayNot("viewer", "write")).toContain("read"));
  it("a developer reruns where no approval is required", () => {
    expect(mayNot("developer", "write")).toBeUndefined();
    expect(mayNot("developer", "rerun", dev)).toBeUndefined();
    expect(mayNot("developer", "rerun", prod)).toContain("prod");
    expect(mayNot("developer", "decide", dev)).toContain("admin");
  });
});
