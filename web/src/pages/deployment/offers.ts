import type { Deployment, Role, Stage } from "@/api/client";
import { mayNot } from "@/lib/may";
import { hasEnded } from "@/lib/states";

/** An act that a deployment's page shows; `why` is the reason it cannot be done now. */
export interface Offer {
  act: "retry" | "cancel" | "rollback";
  why?: string;
}

/** What may be done with a deployment (R8.1 to R8.3); nothing where its stage is gone. The server decides. */
export function offers(deployment: Deployment, stage: Stage | undefined, role: Role): Offer[] {
  if (!stage || stage.state === "deleting") return [];
  if (!hasEnded(deployment.state)) return [{ act: "cancel", why: mayNot(role, "write") ?? cannotCancel(deployment) }];
  if (deployment.state === "failed" || deployment.state === "cancelled")
    return [{ act: "retry", why: mayNot(role, "rerun", stage) ?? cannotRetry(deployment, stage) }];
  if (deployment.state !== "succeeded") return [];
  const serves = stage.current?.deployment === deployment.id;
  return serves ? [] : [{ act: "rollback", why: mayNot(role, "rerun", stage) }];
}

function cannotCancel(deployment: Deployment): string | undefined {
  if (deployment.state === "cancelling") return "It is being cancelled.";
  if (deployment.state === "switching") return "Its traffic is moving already; roll back when that is done.";
  return undefined;
}

function cannotRetry({ change, ended_at }: Deployment, { name, current, active, waiting }: Stage): string | undefined {
  const later = (since: string) => !ended_at || Date.parse(since) >= Date.parse(ended_at);
  if (current && current.change >= change && later(current.since)) return `#${current.change} has succeeded in ${name} since.`;
  if (active && active.change >= change) return `#${active.change} is being deployed to ${name}.`;
  if (waiting && waiting.change >= change) return `#${waiting.change} waits to be deployed to ${name}.`;
  return undefined;
}

/** The sentence that says why it failed, and the last lines of output that followed it. */
export function reasons(error: string | undefined): { sentence: string; lines: string[] } | null {
  if (!error) return null;
  const [first = "", ...rest] = error.split("\n");
  const lines = rest.filter((line, i) => i > 0 || !/^its last lines:$/.test(line));
  return { sentence: first.charAt(0).toUpperCase() + first.slice(1) + (/[.!?:)`"]$/.test(first) ? "" : "."), lines };
}
