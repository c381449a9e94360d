import type { Schemas } from "@/api/client";

/** How a state looks everywhere: one word, one colour of Mantine's, one icon. */
export interface Look {
  word: string;
  color: "green" | "blue" | "red" | "yellow" | "gray" | "grape";
  icon: "ok" | "run" | "fail" | "wait" | "idle" | "stop" | "sleep";
  /** Something is going on that will end by itself. */
  moving?: boolean;
}

const moving = (word: string): Look => ({ word, color: "blue", icon: "run", moving: true });
const waits = (word: string): Look => ({ word, color: "yellow", icon: "wait" });
const idle = (word: string): Look => ({ word, color: "gray", icon: "idle" });

const stage: Record<Schemas["StageState"], Look> = {
  empty: idle("empty"),
  live: { word: "live", color: "green", icon: "ok" },
  deploying: moving("deploying"),
  failed: { word: "failed", color: "red", icon: "fail" },
  asleep: { word: "scaled to 0", color: "gray", icon: "sleep" },
  deleting: { ...moving("deleting"), color: "gray" },
};

const change: Record<Schemas["ChangeState"], Look> = {
  queued: { ...moving("queued"), color: "gray", icon: "wait" },
  building: moving("building"),
  publishing: moving("publishing"),
  provisioning: moving("provisioning"),
  releasing: moving("releasing"),
  starting: moving("starting"),
  verifying: moving("verifying"),
  switching: moving("switching"),
  cancelling: { ...moving("cancelling"), color: "gray" },
  succeeded: { word: "succeeded", color: "green", icon: "ok" },
  failed: { word: "failed", color: "red", icon: "fail" },
  cancelled: { word: "cancelled", color: "gray", icon: "stop" },
  superseded: { word: "superseded", color: "gray", icon: "stop" },
  pending: waits("waits for approval"),
  held: waits("held"),
  rejected: { word: "rejected", color: "red", icon: "stop" },
  withdrawn: { word: "withdrawn", color: "gray", icon: "stop" },
  not_reached: idle("not reached"),
};

const approval: Record<Schemas["ApprovalState"], Look> = {
  pending: change.pending,
  approved: { word: "approved", color: "green", icon: "ok" },
  rejected: change.rejected,
  superseded: change.superseded,
  withdrawn: change.withdrawn,
};

const step: Record<Schemas["Step"]["state"], Look> = {
  running: moving("running"),
  succeeded: change.succeeded,
  failed: change.failed,
  cancelled: change.cancelled,
};

export const stageLook = (state: Schemas["StageState"], rest?: Schemas["Rest"]): Look =>
  state === "asleep" && rest ? { ...stage.asleep, word: rest.why === "idle" ? "asleep" : "resting" } : stage[state];
/** Of a deployment, and of a change in a stage. */
export const changeLook = (state: Schemas["ChangeState"] | Schemas["DeploymentState"]): Look => change[state];
export const approvalLook = (state: Schemas["ApprovalState"]): Look => approval[state];
export const stepLook = (state: Schemas["Step"]["state"]): Look => step[state];

export const hasEnded = (state: Schemas["DeploymentState"]): boolean => !change[state].moving;

/** The steps of a deployment in their order, as the API names them. */
export const steps = ["building", "publishing", "provisioning", "releasing", "starting", "verifying", "switching"] as const;
