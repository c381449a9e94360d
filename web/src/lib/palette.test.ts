import { describe, expect, it } from "vitest";
import type { Stack } from "@/api/client";
import { entries, found, indexed } from "./palette";
import { destinations, isTyping } from "./shortcuts";

const stack = (name: string, ...stages: object[]): Stack =>
  ({ name, state: "live", repository: { branch: "main" }, stages: stages.map((one, at) => ({ position: at + 1, state: "live", ...one })) }) as unknown as Stack;
const shop = stack(
  "shop",
  { name: "dev", current: { change: 4 } },
  { name: "prod", requires_approval: true, current: { change: 1 }, approval: { change: 4, message: "Faster search" } },
);
const names = (all: { name: string }[]) => all.map((one) => one.name);

describe("the palette", () => {
  const all = indexed(entries([shop, stack("shopping")], "admin", "shop"));
  it("finds the stack before its stages", () => expect(names(found(all, "shop")).slice(0, 3)).toEqual(["shop", "shop dev", "shopping"]));
  it("finds a stage by both names", () => expect(names(found(all, "shop/prod"))[0]).toBe("shop prod"));
  it("finds acts of the open stack", () => expect(names(found(all, "roll prod"))).toEqual(["Roll back prod"]));
  it("shows what waits first when nothing is typed", () => expect(names(found(all, ""))[0]).toBe("Decide on #4 for shop prod"));
  it("is bounded", () => expect(found(indexed(entries(Array.from({ length: 500 }, (_, i) => stack(`s${i}`, { name: "dev" })), "admin")), "s")).toHaveLength(20));
  it("offers nobody what is refused", () => {
    expect(names(entries([shop], "developer", "shop"))).not.toContain("Roll back prod");
    expect(names(entries([shop], "developer", "shop"))).toContain("Roll back dev");
    expect(entries([shop], "viewer", "shop").some((one) => one.group === "Do")).toBe(false);
  });
});

describe("shortcuts", () => {
  it("are told apart", () => {
    const keys = destinations("shop").map((one) => one.keys);
    expect(new Set(keys).size).toBe(keys.length);
    expect(destinations()).toHaveLength(3);
  });
  it("leave text alone", () => {
    expect(isTyping({ tagName: "INPUT" } as unknown as EventTarget)).toBe(true);
    expect(isTyping({ tagName: "BUTTON" } as unknown as EventTarget)).toBe(false);
  });
});
