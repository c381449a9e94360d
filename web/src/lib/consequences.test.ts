import { describe, expect, it } from "vitest";
import type { Stack, Stage } from "@/api/client";
import { deletesStack, deletesStage, gateChanges, redeploys, scales } from "./consequences";

const since = "2026-01-31T09:30:00.000Z";
const stage = (name: string, more: Partial<Stage> = {}): Stage => ({
  id: `stg_${name}`,
  stack: "shop",
  name,
  position: 1,
  state: "live",
  region: "local",
  url: `http://${name}.shop.localhost`,
  requires_approval: false,
  database: { kind: "none" },
  endpoint: "api_gateway",
  caching: false,
  instances: 1,
  access: "public",
  paused: false,
  mark: 1,
  settings_revision: 1,
  ...more,
});
const current = { deployment: "dep_1", change: 4, commit: "0", artifact: "", settings_revision: 1, since };
const active = { deployment: "dep_2", change: 5, kind: "flow", state: "building", since } as const;
const waiting = { deployment: "dep_3", change: 6, kind: "flow", since } as const;
const stack = (...stages: Stage[]): Stack => ({
  id: "stk_1",
  name: "shop",
  state: "live",
  repository: { kind: "hosted", branch: "main" },
  git_url: "",
  stages,
  created_at: since,
});

describe("R7.2: saving settings", () => {
  it.each([
    [{ current }, "prod runs #4: saving builds it anew and deploys it at once, without asking for approval."],
    [{ current, active }, "prod is busy with #5. When that has ended, Sluice deploys what prod runs then again, with these settings."],
    [{ current, active, waiting }, "prod is busy: #6, which waits to be deployed, takes these settings along."],
    [{ last: { deployment: "d", change: 3, state: "failed" as const } }, "prod runs nothing: #3 failed there. Saving deploys nothing; a retry takes these settings."],
    [{}, "prod runs nothing yet. Saving deploys nothing; the first deployment takes these settings."],
  ])("of %j", (more, words) => expect(redeploys(stage("prod", more), "build")).toBe(words));
  it("of runtime variables builds nothing", () =>
    expect(redeploys(stage("prod", { current }), "runtime")).toBe("prod runs #4: saving deploys it again at once, without asking for approval."));
});

describe("R4.6, R4.7: approval on and off", () => {
  it("what is queued by flow begins to wait", () => expect(gateChanges(stage("prod", { current, waiting }), true)).toContain("#6, which is queued, begins to wait"));
  it("what a person decided does not", () =>
    expect(gateChanges(stage("prod", { current, waiting: { ...waiting, kind: "rollback" } }), true)).toBe(
      "From now on changes wait here for a decision. #4 keeps running.",
    ));
  it("what waits, still waits", () =>
    expect(gateChanges(stage("prod", { approval: { change: 7, state: "pending", since } }), false)).toContain("#7, which waits, still waits"));
});

it("R7.5: 0 instances", () => expect(scales(stage("prod", { current }), 0)).toContain("changes still flow on"));

describe("R6.3: deleting a stage says where changes go then", () => {
  const [dev, test, prod] = [stage("dev"), stage("test", { current, active, approval: { change: 7, state: "pending", since } }), stage("prod")];
  const last = (one: Stage, of: Stack) => deletesStage(of, one).pop();
  it("in the middle", () => {
    expect(last(test, stack(dev, test, prod))).toBe("The next change that succeeds in dev goes on to prod. Nothing is deployed now.");
    expect(deletesStage(stack(dev, test, prod), test)).toContain("The approval of #7 is withdrawn.");
    expect(deletesStage(stack(dev, test, prod), test)).toContain("The deployment of #5 is cancelled.");
  });
  it("at the beginning", () => expect(last(dev, stack(dev, prod))).toBe("prod becomes the first stage and takes the next check-in. Nothing is deployed now."));
  it("at the end", () => expect(last(prod, stack(dev, prod))).toBe("Its variables are gone; its history stays readable."));
  it("the only one", () => expect(last(dev, stack(dev))).toContain("no stage"));
  it("does not count one that is leaving already", () => expect(last(dev, stack(dev, { ...prod, position: undefined }))).toContain("no stage"));
});

it("R6.1: deleting a stack names its stages", () =>
  expect(deletesStack(stack(stage("dev", { current }), stage("prod")))[0]).toBe("2 stages go with it: dev, prod."));
