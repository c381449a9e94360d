import { describe, expect, it } from "vitest";
import type { Stack, Stage } from "@/api/client";
import { counts, lastChange, narrowed, overall, waiting } from "./stacks";

const stage = (state: Stage["state"], more: Partial<Stage> = {}): Stage => ({ name: "dev", position: 1, state, ...more }) as Stage;
const stack = (name: string, ...stages: Stage[]): Stack =>
  ({
    name,
    stages,
    state: "live",
    repository: { branch: "main" },
    created_at: "2026-01-01T00:00:00.000Z",
    newest: { change: 3, message: "Faster search", author: { name: "Ann Archer", email: "ann@example.com" } },
  }) as Stack;
const pending = { change: 3, state: "pending", since: "2026-01-03T00:00:00.000Z" } as const;

describe("a stack", () => {
  it("looks like what asks for attention first", () => {
    expect(overall(stack("a", stage("live"), stage("failed"), stage("deploying"))).word).toBe("failed");
    expect(overall(stack("a", stage("live"), stage("deploying"))).word).toBe("deploying");
    expect(overall(stack("a", stage("empty"), stage("live"))).word).toBe("live");
    expect(overall(stack("a")).word).toBe("empty");
    expect(overall(stack("a", stage("live"), stage("deleting", { position: undefined }))).word).toBe("live");
    expect(overall({ ...stack("a", stage("failed")), state: "deleting" }).word).toBe("deleting");
  });
  it("tells what waits", () => expect(waiting(stack("a", stage("live"), stage("live", { approval: pending })))).toHaveLength(1));
  it("changed when its newest change came, else when it was made", () => {
    expect(lastChange(stack("a"))).toBe("2026-01-01T00:00:00.000Z");
    const at = "2026-01-02T00:00:00.000Z";
    expect(lastChange({ ...stack("a"), newest: { change: 3, commit: "0".repeat(40), at } })).toBe(at);
  });
});

describe("the list", () => {
  const all = [stack("shop", stage("live", { approval: pending })), stack("blog", stage("failed")), stack("old")];
  it("is counted", () => expect(counts(all)).toEqual({ waits: 1, failed: 1, deploying: 0, live: 1 }));
  it("is narrowed by state", () => expect(narrowed(all, "", "failed").map((one) => one.name)).toEqual(["blog"]));
  it("is narrowed by every word", () => {
    expect(narrowed(all, "SHOP search")).toHaveLength(1);
    expect(narrowed(all, "#3")).toHaveLength(3);
    expect(narrowed(all, "archer blog")).toHaveLength(1);
    expect(narrowed(all, "shop nothing")).toHaveLength(0);
  });
});
