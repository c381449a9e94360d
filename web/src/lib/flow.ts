import type { Deployment, Stack, Stage } from "@/api/client";
import { steps } from "./states";

/** A place in the order of a stack's stages: at the end when neither is said, as the API takes it. */
export interface Place {
  before?: string;
  after?: string;
}

/** The stages that are in the order; those that are being deleted have left it (R6.5). */
export const inOrder = (stack: Stack): Stage[] => stack.stages.filter((stage) => stage.position !== undefined);
export const leaving = (stack: Stack): Stage[] => stack.stages.filter((stage) => stage.position === undefined);

/** The stage in front of a place; undefined: the place is first. */
export function stageBefore(stages: Stage[], place: Place): Stage | undefined {
  if (place.after) return stages.find((stage) => stage.name === place.after);
  if (!place.before) return stages[stages.length - 1];
  return stages[stages.findIndex((stage) => stage.name === place.before) - 1];
}

/** The change that a stage made there deploys at once (R5.1), and where it is taken from; undefined: it would wait. */
export function deployedByAdding(stack: Stack, place: Place): { change: number; from?: string } | undefined {
  const previous = stageBefore(inOrder(stack), place);
  if (!previous) return stack.newest && { change: stack.newest.change };
  return previous.current && { change: previous.current.change, from: previous.name };
}

/** How many check-ins came after the one that the stage serves. */
export const behind = (stack: Stack, stage: Stage): number =>
  stack.newest && stage.current ? Math.max(0, stack.newest.change - stage.current.change) : 0;

/** Whether the stage's newest deployment failed or was cancelled, and nothing goes on there: what `retry` is for. */
export const canRetry = (stage: Stage): boolean =>
  !stage.active && !stage.waiting && (stage.last?.state === "failed" || stage.last?.state === "cancelled");

const median = (values: number[]): number | undefined => {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};

/** The usual time of each step in ms, the median of the deployments that succeeded; undefined when there was none. */
export function usualSteps(earlier: Deployment[]): Map<string, number> | undefined {
  const good = earlier.filter((one) => one.state === "succeeded").slice(0, 10);
  if (good.length === 0) return undefined;
  const usual = new Map<string, number>();
  for (const name of steps) {
    const times = good.flatMap((one) =>
      one.steps
        .filter((step) => step.name === name && step.ended_at)
        .map((step) => Date.parse(step.ended_at!) - Date.parse(step.started_at)),
    );
    usual.set(name, median(times) ?? 0);
  }
  return usual;
}

export interface Progress {
  /** 1 to 7; 0 before the first. */
  step: number;
  /** 0 to 1; never quite 1 before the end. */
  part: number;
  /** What is probably left, in ms; undefined when nobody knows, or it takes longer than usual. */
  left?: number;
}

/** How far a running deployment is, measured by how long its steps usually take here. */
export function progressOf(running: Deployment, usual: Map<string, number> | undefined, now: number): Progress {
  const step = steps.findIndex((name) => name === running.state) + 1;
  const current = [...running.steps].reverse().find((one) => one.name === running.state);
  const spent = current ? Math.max(0, now - Date.parse(current.started_at)) : 0;
  const total = usual && [...usual.values()].reduce((sum, one) => sum + one, 0);
  if (!usual || !total) return { step, part: Math.max(0, step - 0.5) / steps.length };
  let done = 0;
  for (const name of steps.slice(0, Math.max(0, step - 1))) done += usual.get(name) ?? 0;
  const expected = usual.get(running.state) ?? 0;
  const part = Math.min(0.98, (done + Math.min(spent, expected)) / total);
  const late = spent > expected + 1000;
  return { step, part, left: late ? undefined : Math.max(0, total - done - spent) };
}

/** What happens when a stage is made there, in sentences (R5.1 to R5.3). */
export function whatAddingDoes(stack: Stack, place: Place, name: string, approval: boolean): string[] {
  const brings = deployedByAdding(stack, place);
  const previous = stageBefore(inOrder(stack), place);
  if (!brings)
    return [
      `${previous ? `Nothing runs in ${previous.name}` : "Nothing was pushed"} yet, so there is nothing to deploy: the first change that comes ${approval ? "asks for approval" : "deploys"}.`,
    ];
  const out = [
    `${name} deploys change #${brings.change} at once, without approval: it is ${brings.from ? `what ${brings.from} runs now` : "the newest check-in"}.`,
  ];
  const stages = inOrder(stack);
  const next = previous ? stages[stages.indexOf(previous) + 1] : stages[0];
  if (next?.approval) out.push(`Change #${next.approval.change}, which waits at ${next.name}, can be approved as before.`);
  if (next && next.mark < brings.change)
    out.push(`When that succeeds, #${brings.change} ${next.requires_approval ? `asks for approval for ${next.name}` : `goes on to ${next.name}`}.`);
  if (approval) out.push("Later changes ask first.");
  return out;
}
