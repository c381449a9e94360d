import { describe, expect, it } from "vitest";
import type { Event } from "@/api/client";
import header from "../../../src/pipeline/events.h?raw";
import { enumerate, eventActor, eventKind, eventTypes, plain, sentence } from "./event-words";

const event = (type: string, more: Record<string, unknown> = {}): Event => ({
  seq: 1,
  at: "2026-01-31T09:30:00.000Z",
  type,
  actor: { kind: "user", name: "ada" },
  by: "ada",
  stack: "shop",
  stage: "prod",
  ...more,
});
const says = (type: string, more: Record<string, unknown> = {}) => plain(sentence(event(type, more)));
const system = { actor: { kind: "system", name: "sluice" }, by: "sluice" };

describe("every event has a sentence", () => {
  it("and the list is the server's", () => {
    const variant = /using EventBody =\s+std::variant<([^>]*)>/.exec(header)?.[1] ?? "";
    expect([...eventTypes]).toEqual(variant.split(",").map((name) => name.trim()));
  });
  it.each(eventTypes)("%s, also when it tells nothing", (type) => {
    const bare = plain(sentence({ ...event(type), stage: undefined }));
    expect(bare).toMatch(/\.$/);
    expect(bare).not.toMatch(/undefined|null|NaN|\[object| {2}|\.\./);
    expect(["check-in", "approval", "deployment", "settings", "stage", "step"]).toContain(eventKind(event(type)));
  });
  it("even of a newer server", () => expect(says("MoonRose")).toBe("ada: MoonRose."));
});

describe("the sentence of", () => {
  it.each([
    ["StackCreated", {}, "ada created the stack shop."],
    ["SourceChanged", { source: { kind: "hosted", url: "", branch: "release" } }, "ada changed the branch of shop to release."],
    ["CheckedIn", { change: 7, branch: "main", message: "Faster search\n\nMuch." }, "ada pushed #7 to main: “Faster search”."],
    ["StageAdded", { config: { requires_approval: true, instances: 3 }, copied_from: "dev" }, "ada added the stage prod (asks for approval, 3 instances, variables copied from dev)."],
    ["StageAdded", { config: { requires_approval: false, instances: 1 }, copied_from: "" }, "ada added the stage prod."],
    ["StageChanged", { config: { requires_approval: true, instances: 2 } }, "ada changed prod, which now has: approval required, 2 instances."],
    [
      "StageChanged",
      { config: { requires_approval: false, instances: 1, endpoint: "api_gateway", caching: true, access: "private", limits: { rate: 5 } } },
      "ada changed prod, which now has: no approval required, 1 instance, an API gateway with limits and caching, private access.",
    ],
    ["KeyAdded", { name: "phone" }, "ada made the access key phone of prod."],
    ["KeyRevoked", { name: "phone" }, "ada revoked the access key phone of prod."],
    ["CachePurged", {}, "ada purged the cache of prod."],
    ["CertificateNoted", { domain: "a.example.org", fate: "given" }, "ada gave a.example.org of prod a certificate."],
    ["CertificateNoted", { domain: "a.example.org", fate: "removed" }, "ada took the certificate of a.example.org of prod away."],
    ["CertificateNoted", { domain: "a.example.org", fate: "obtained", ...system }, "Sluice got a certificate for a.example.org of prod."],
    ["CertificateNoted", { domain: "a.example.org", fate: "refused", ...system }, "Sluice got no certificate for a.example.org of prod."],
    ["SettingsSaved", { names: ["runtime/A", "build/B", "runtime/C"] }, "ada saved the build variable B and the runtime variables A and C of prod."],
    ["ApprovalDecided", { change: 4, state: "approved", comment: "Looks good" }, "ada approved #4 in prod: “Looks good”"],
    ["ApprovalDecided", { change: 4, state: "rejected" }, "ada rejected #4 in prod."],
    ["ApprovalSuperseded", { change: 4, superseded_by: 6 }, "The approval of #4 in prod was superseded by #6."],
    ["HeldSuperseded", { change: 4, superseded_by: 0 }, "#4 is no longer held at the gate of prod: the stage was deleted."],
    ["DeploymentQueued", { change: 4, kind: "flow", deployment: "dep_1" }, "#4 is queued in prod."],
    ["DeploymentQueued", { change: 4, kind: "rollback", deployment: "dep_1" }, "ada asked to roll back prod to #4."],
    ["DeploymentQueued", { change: 4, kind: "redeploy", deployment: "dep_1", ...system }, "#4 is redeployed in prod, with the settings of now."],
    ["DeploymentEnded", { change: 4, state: "succeeded", deployment: "dep_1" }, "#4 is live in prod."],
    ["DeploymentEnded", { change: 4, state: "failed", step: "starting", error: "the app exited\nits last lines:\nx", deployment: "dep_1" }, "The deployment of #4 to prod failed while starting: the app exited."],
    ["DeploymentEnded", { change: 4, state: "superseded", superseded_by: 0, returned: true }, "The deployment of #4 to prod went back to the gate."],
    ["StageDeletionBegan", { name: "prod", ...system }, "Sluice deleted the stage prod."],
    ["StageRested", { rest: { why: "idle" }, ...system }, "prod sleeps: nobody has asked for anything for a while."],
    ["StageRested", { rest: { why: "hours" }, ...system }, "prod rests: its hours are over."],
    ["StageRoused", system, "prod wakes."],
    ["TaskBegan", { task: { kind: "copy", from_name: "canary" } }, "ada began to copy the database of canary to prod."],
    ["TaskEnded", { kind: "restore", backup: "b1", problem: "it is gone", ...system }, "Restoring the backup b1 into prod failed: it is gone."],
    ["TaskEnded", { kind: "backup", backup: "b1", ...system }, "Backing up the database of prod is done."],
    ["ChoreDelayed", { chore: "retire", problem: "busy" }, "Retiring what ran before in prod did not succeed and is tried again: busy."],
  ])("%s %j", (type, more, words) => expect(says(type, more)).toBe(words));
});

it("leads to what it names", () =>
  expect(sentence(event("DeploymentEnded", { change: 4, state: "succeeded", deployment: "dep_1" }))).toEqual([
    { to: "/stacks/shop/changes/4", text: "#4" },
    " is ",
    { to: "/stacks/shop/deployments/dep_1", text: "live" },
    " in ",
    "prod",
    ".",
  ]));
it("knows who acted, and that the server is nobody", () =>
  expect([eventActor(event("StagePaused")), eventActor(event("StageDeleted", system))]).toEqual(["ada", undefined]));
it("what the flow does by itself is a step, what a person asks for is not", () =>
  expect(["flow", "retry"].map((kind) => eventKind(event("DeploymentQueued", { kind })))).toEqual(["step", "deployment"]));
it("counts a long list", () =>
  expect([enumerate(["A"]), enumerate(["A", "B"]), enumerate(["A", "B", "C", "D", "E", "F"])]).toEqual(["A", "A and B", "A, B, C, D and 2 more"]));
