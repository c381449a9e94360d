import type { Approval, ApprovalDetail, Stage } from "@/api/client";
import { plural } from "./words";

/** Where history goes when this is approved, in a sentence; `careful` when a person should look twice (R4.3). */
export function whereItGoes(detail: ApprovalDetail): { text: string; careful: boolean } {
  const { change, stage, from, total, dropped_total: gone = 0 } = detail;
  if (!from) return { text: `Nothing runs in ${stage} yet: all ${plural(total, "commit")} would ship.`, careful: false };
  switch (detail.direction) {
    case "same":
      return { text: `#${change} is the very commit that #${from.change} runs. Only settings can differ.`, careful: false };
    case "forward":
      return { text: `Forward: ${plural(total, "commit")} would ship, and none goes away.`, careful: false };
    case "back":
      return { text: `Back: nothing new would ship, and ${plural(gone, "commit")} that ${runs(gone)} now would go away.`, careful: true };
    case "sideways":
      return {
        text: `Sideways: the branch was rewritten. ${plural(total, "commit")} would ship, and ${plural(gone, "commit")} that ${runs(gone)} now would go away.`,
        careful: true,
      };
    case "unknown":
      return { text: `How #${change} stands to what runs now is not known: one of the two commits cannot be read.`, careful: true };
  }
}
const runs = (count: number) => (count === 1 ? "runs" : "run");

/** What in the stage before speaks against approving, one sentence each (R4.3). */
export function doubts({ change, previous }: ApprovalDetail): string[] {
  if (!previous) return [];
  const { stage, state, instances, rolled_back, serves } = previous;
  if (rolled_back) return [`${stage} ran #${change} and was rolled back since: it serves #${serves} now.`];
  if (state !== "succeeded") return [`#${change} has not succeeded in ${stage}, the stage before.`];
  if (instances === 0) return [`${stage} ran #${change} at 0 instances: nothing of it was seen running.`];
  return [];
}

/** What approving will do here and now, in a sentence; with `blocked`, why it cannot be done at this moment (R3.6, R8.5). */
export function whatApprovingDoes(change: number, stage: Stage): { text: string; blocked?: boolean } {
  const { name, active, waiting, paused } = stage;
  if (paused) return { text: `${name} is paused: nothing can be approved until it is resumed.`, blocked: true };
  if (waiting && (waiting.kind === "rollback" || waiting.kind === "promote"))
    return { text: `A ${waiting.kind === "rollback" ? "rollback" : "promotion"} to #${waiting.change} waits for ${name}: it goes first.`, blocked: true };
  if (!active) return { text: `Approving deploys #${change} to ${name} at once.` };
  const first = `#${change} starts when the deployment of #${active.change}, which ${name} works on now, has ended`;
  return { text: waiting ? `${first}; it takes the place of #${waiting.change}, which waits.` : `${first}.` };
}

/** What became of an approval that waits no longer: news, in a sentence. */
export function fate(approval: Pick<Approval, "change" | "state" | "by" | "superseded_by">): string {
  const { change, state, by = "somebody", superseded_by } = approval;
  switch (state) {
    case "pending":
      return `#${change} waits.`;
    case "approved":
      return `#${change} was approved by ${by}.`;
    case "rejected":
      return `#${change} was rejected by ${by}.`;
    case "superseded":
      return `#${change} was superseded${superseded_by ? ` by #${superseded_by}, which reached this gate` : ""}.`;
    case "withdrawn":
      return `#${change} was withdrawn: nobody needs to decide on it any more.`;
  }
}

/** "GREETING" and "runtime variable" of "runtime/GREETING"; a setting's own name else. */
export function settingName(setting: string): { name: string; kind: string } {
  const [kind, ...name] = setting.split("/");
  return name.length > 0 ? { name: name.join("/"), kind: `${kind} variable` } : { name: setting, kind: "setting" };
}
