import { describe, expect, it } from "vitest";
import type { Deployment, Stage } from "@/api/client";
import { offers, reasons } from "./offers";

const dep = (parts: Partial<Deployment>): Deployment => ({
  id: "dep_1", stack: "shop", stage: "prod", change: 3, commit: "0".repeat(40), kind: "flow", state: "succeeded", built: true, by: "ada",
  queued_at: "2026-01-31T09:00:00.000Z", ended_at: "2026-01-31T09:10:00.000Z", steps: [], ...parts,
});
const prod = (parts: Partial<Stage> = {}): Stage => ({
  id: "stg_1", stack: "shop", name: "prod", state: "live", region: "local", url: "http://prod", requires_approval: false, database: { kind: "none" },
  endpoint: "api_gateway", caching: false, instances: 1, access: "public", paused: false, mark: 3, settings_revision: 1, ...parts,
});
const current = (deployment: string, change: number, since: string) => ({ deployment, change, since, commit: "0".repeat(40), artifact: "a", settings_revision: 1 });

describe("what may be done with a deployment", () => {
  it("that runs: it is cancelled, until it is switching", () => {
    expect(offers(dep({ state: "building", ended_at: undefined }), prod(), "developer")).toEqual([{ act: "cancel", why: undefined }]);
    expect(offers(dep({ state: "switching" }), prod(), "developer")[0]?.why).toContain("moving");
  });
  it("that failed: it is retried, unless a newer one has succeeded since", () => {
    const failed = dep({ state: "failed" });
    expect(offers(failed, prod(), "developer")).toEqual([{ act: "retry", why: undefined }]);
    expect(offers(failed, prod({ current: current("dep_0", 2, "2026-01-30T09:00:00.000Z") }), "admin")[0]?.why).toBeUndefined();
    expect(offers(failed, prod({ current: current("dep_2", 4, "2026-01-31T10:00:00.000Z") }), "admin")[0]?.why).toBe("#4 has succeeded in prod since.");
  });
  it("that succeeded: it is rolled back to, unless it serves", () => {
    expect(offers(dep({}), prod({ current: current("dep_2", 4, "2026-01-31T10:00:00.000Z") }), "admin")).toEqual([{ act: "rollback", why: undefined }]);
    expect(offers(dep({}), prod({ current: current("dep_1", 3, "2026-01-31T09:10:00.000Z") }), "admin")).toEqual([]);
  });
  it("where approval is required is the admin's, and a viewer reads", () => {
    expect(offers(dep({ state: "failed" }), prod({ requires_approval: true }), "developer")[0]?.why).toContain("admin");
    expect(offers(dep({ state: "building" }), prod(), "viewer")[0]?.why).toContain("viewer");
  });
  it("is nothing where the stage is gone", () => expect(offers(dep({}), undefined, "admin")).toEqual([]));
});

it("an error is a sentence and the lines that follow it", () => {
  expect(reasons("the app exited\nits last lines:\nloading\nError: no")).toEqual({ sentence: "The app exited.", lines: ["loading", "Error: no"] });
  expect(reasons("build command exited 2: make: Error 2")?.lines).toEqual([]);
  expect(reasons(undefined)).toBeNull();
});
