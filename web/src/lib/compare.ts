import type { Comparison, Deployment, Step } from "@/api/client";
import { steps as order } from "./states";
import { plural } from "./words";

/** Where history goes from the other deployment to this one, in a sentence. */
export function wentWhere({ deployment, with: other, direction, total = 0, dropped_total: gone = 0 }: Comparison): string {
  if (!other) return `${deployment.stage} ran nothing before.`;
  switch (direction) {
    case "same":
      return `Both run the same commit.`;
    case "forward":
      return `Forward: ${plural(total, "commit")} came, and none went away.`;
    case "back":
      return `Back: nothing new came, and ${plural(gone, "commit")} went away.`;
    case "sideways":
      return `Sideways: the branch was rewritten. ${plural(total, "commit")} came, and ${plural(gone, "commit")} went away.`;
    default:
      return "How the two commits stand to each other is not known: one of them cannot be read any more.";
  }
}

/** A step in both deployments; durations in ms, undefined where it was not reached or has not ended. */
export interface StepPair {
  name: string;
  other?: number;
  one?: number;
}

const took = (step: Step | undefined) => (step?.ended_at ? Math.max(0, Date.parse(step.ended_at) - Date.parse(step.started_at)) : undefined);

/** The steps that either had, in their order, and how long each took. */
export function pairs(other: Deployment, one: Deployment): StepPair[] {
  const of = (deployment: Deployment, name: string) => took(deployment.steps.filter((step) => step.name === name).pop());
  const has = (name: string) => [other, one].some((deployment) => deployment.steps.some((step) => step.name === name));
  return order.filter(has).map((name) => ({ name, other: of(other, name), one: of(one, name) }));
}

/** How long all of it took; undefined before it has ended or when it never began. */
export const whole = ({ started_at, ended_at }: Deployment): number | undefined =>
  started_at && ended_at ? Math.max(0, Date.parse(ended_at) - Date.parse(started_at)) : undefined;

/** A difference in ms that is worth a word: more than a tenth of the longer and more than 0.1 s. */
export function notable(other: number | undefined, one: number | undefined): number | undefined {
  if (other === undefined || one === undefined) return undefined;
  const difference = one - other;
  return Math.abs(difference) > Math.max(100, Math.max(one, other) / 10) ? difference : undefined;
}
