import type { Approval, Change, Deployment, Schemas } from "@/api/client";
import { hasEnded } from "./states";

/** One moment on a change's way: it came in, somebody was asked, somebody decided, a deployment of it. */
export type Moment =
  | { kind: "checked-in"; at: string }
  | { kind: "asked"; at: string; approval: Approval }
  | { kind: "decided"; at: string; approval: Approval }
  | { kind: "deployed"; at: string; deployment: Deployment };

const order: Record<Moment["kind"], number> = { "checked-in": 0, asked: 1, decided: 2, deployed: 3 };

/** A change's way through time, oldest first. What happened in the same millisecond is in the order of cause and effect. */
export function wayOf(change: Change, deployments: Deployment[], approvals: Approval[]): Moment[] {
  const way: Moment[] = [{ kind: "checked-in", at: change.at }];
  for (const deployment of deployments) way.push({ kind: "deployed", at: deployment.queued_at, deployment });
  for (const approval of approvals) {
    if (approval.since) way.push({ kind: "asked", at: approval.since, approval });
    if (approval.decided_at) way.push({ kind: "decided", at: approval.decided_at, approval });
  }
  // An author's clock, which the check-in's time is of, may be ahead of the server's: it stays first.
  return way.sort(
    (a, b) =>
      Number(b.kind === "checked-in") - Number(a.kind === "checked-in") ||
      Date.parse(a.at) - Date.parse(b.at) ||
      order[a.kind] - order[b.kind],
  );
}

const words: Record<Schemas["DeploymentKind"], string> = {
  flow: "flow",
  initial: "new stage",
  retry: "retry",
  redeploy: "redeploy",
  rollback: "rollback",
  promote: "promotion",
};

/** What a deployment was for its change, as a heading. */
export function kindSentence(kind: Schemas["DeploymentKind"], stage: string): string {
  switch (kind) {
    case "flow":
      return `Went to ${stage}`;
    case "initial":
      return `First of the new stage ${stage}`;
    case "retry":
      return `Tried again in ${stage}`;
    case "redeploy":
      return `Redeployed in ${stage}`;
    case "rollback":
      return `${stage} went back to it`;
    case "promote":
      return `Promoted to ${stage}`;
  }
}
export const kindWord = (kind: Schemas["DeploymentKind"]): string => words[kind];

const came: Record<Schemas["DeploymentKind"], string> = {
  flow: "came by flow",
  initial: "the stage's first",
  retry: "a retry",
  redeploy: "a redeployment",
  rollback: "a rollback",
  promote: "a promotion",
};

/** What a deployment was, as a fact of it: "a retry of a rollback". */
export const howItCame = ({ kind, repeats }: Deployment): string =>
  came[kind] + (repeats && repeats !== "flow" ? ` of ${came[repeats]}` : "");

/** How long a deployment has worked, in ms; undefined before it has the stage. */
export function worked(deployment: Deployment, now: number): number | undefined {
  if (!deployment.started_at) return undefined;
  const end = deployment.ended_at ? Date.parse(deployment.ended_at) : hasEnded(deployment.state) ? undefined : now;
  return end === undefined ? undefined : Math.max(0, end - Date.parse(deployment.started_at));
}
