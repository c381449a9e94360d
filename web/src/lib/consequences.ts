import type { Stack, Stage } from "@/api/client";
import { plural } from "./words";

// What an act will do, said before it is done (rules.md, sections 4, 6 and 7). The server decides; this reads the same state.

/** R7.2: of saving what a deployment carries. */
export function redeploys(stage: Stage, what: "build" | "runtime" | "endpoint" | "database"): string {
  const how = what === "build" ? "builds it anew and deploys it" : "deploys it again";
  const { name, current, active, waiting } = stage;
  if (waiting) return `${name} is busy: #${waiting.change}, which waits to be deployed, takes these settings along.`;
  if (active) return `${name} is busy with #${active.change}. When that has ended, Sluice deploys what ${name} runs then again, with these settings.`;
  if (current) return `${name} runs #${current.change}: saving ${how} at once, without asking for approval.`;
  if (stage.last && (stage.last.state === "failed" || stage.last.state === "cancelled"))
    return `${name} runs nothing: #${stage.last.change} ${stage.last.state === "failed" ? "failed" : "was cancelled"} there. Saving deploys nothing; a retry takes these settings.`;
  return `${name} runs nothing yet. Saving deploys nothing; the first deployment takes these settings.`;
}

/** R7.7: of having another database. */
export function changesDatabase(stage: Stage, to: Stage["database"]["kind"]): string {
  const saves = redeploys(stage, "database");
  if (stage.database.kind !== "new" || to === "new") return saves;
  return `${saves} The database that Sluice made is backed up when nothing uses it any more, and removed then; the backup stays.`;
}

/** R4.6, R4.7: of changing whether a stage requires approval. */
export function gateChanges(stage: Stage, required: boolean): string {
  if (required) {
    const { waiting, current } = stage;
    if (waiting?.kind === "flow" || waiting?.kind === "initial")
      return `From now on changes wait here for a decision. #${waiting.change}, which is queued, begins to wait for one, unless somebody has decided on it already.`;
    return `From now on changes wait here for a decision.${current ? ` #${current.change} keeps running.` : ""}`;
  }
  if (stage.approval) return `Later changes deploy at once. #${stage.approval.change}, which waits, still waits for a decision.`;
  return "From now on changes deploy here as soon as they have succeeded in the stage before.";
}

/** R7.5: of another number of instances. */
export function scales(stage: Stage, to: number): string {
  const begins = stage.current ? "At once, in place: no deployment, no release command." : "Nothing runs here yet; the next deployment starts as many.";
  if (to === 0) return `${begins} With 0 instances nothing runs and requests get a page that says so; changes still flow on to the next stage.`;
  return begins;
}

/** R6.2, R6.3: of deleting a stage, one sentence a line. */
export function deletesStage(stack: Stack, stage: Stage): string[] {
  const order = stack.stages.filter((one) => one.position !== undefined);
  const at = order.findIndex((one) => one.id === stage.id);
  const [before, after] = [order[at - 1], order[at + 1]];
  const out: string[] = [];
  if (stage.current && stage.instances > 0)
    out.push(`#${stage.current.change} stops serving: ${plural(stage.instances, "instance")} and the address ${stage.url} are removed.`);
  else out.push(`The address ${stage.url} is removed.`);
  const stops = [stage.active, stage.waiting].flatMap((one) => (one ? [`#${one.change}`] : []));
  if (stops.length > 0) out.push(`The deployment of ${stops.join(" and of ")} is cancelled.`);
  if (stage.approval) out.push(`The approval of #${stage.approval.change} is withdrawn.`);
  if (stage.held) out.push(`#${stage.held.change}, which is held here, is dropped.`);
  if (stage.database.kind === "new") out.push("Its database is backed up and removed; the backup stays.");
  if (stage.database.kind === "existing") out.push("Its database is not touched.");
  out.push("Its variables are gone; its history stays readable.");
  if (order.length === 1) out.push("The stack then has no stage: a check-in goes nowhere until one is added.");
  else if (before && after) out.push(`The next change that succeeds in ${before.name} goes on to ${after.name}. Nothing is deployed now.`);
  else if (!before && after) out.push(`${after.name} becomes the first stage and takes the next check-in. Nothing is deployed now.`);
  return out;
}

/** R6.1, R6.2: of deleting a stack. */
export function deletesStack(stack: Stack): string[] {
  const names = stack.stages.map((one) => one.name);
  const running = stack.stages.filter((one) => one.current && one.instances > 0).length;
  return [
    names.length > 0 ? `${plural(names.length, "stage")} ${names.length === 1 ? "goes" : "go"} with it: ${names.join(", ")}.` : "It has no stage.",
    ...(running > 0 ? [`What ${running === 1 ? "it runs" : "they run"} stops serving.`] : []),
    "Deployments that run or wait are cancelled, approvals withdrawn, variables gone.",
    "Its repository is moved aside on the server, not deleted.",
  ];
}

/** What this version does not do yet, in one sentence each; the server refuses it. */
export const notYet = {
  remote: "Remote repositories are not available yet.",
} as const;
