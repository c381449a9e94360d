import type { Stack, Stage } from "@/api/client";
import { inOrder } from "./flow";
import { type Look, stageLook } from "./states";

/** What the list of stacks can be narrowed to. One stack can be in several of them. */
export const filters = ["waits", "failed", "deploying", "live"] as const;
export type Filter = (typeof filters)[number];

export const filterWords: Record<Filter, string> = {
  waits: "Waits",
  failed: "Failed",
  deploying: "Deploying",
  live: "Live",
};

const matches = (stack: Stack, filter: Filter): boolean => {
  const stages = inOrder(stack);
  if (filter === "waits") return stages.some((stage) => stage.approval);
  if (filter === "live") return overall(stack).word === "live";
  return stages.some((stage) => stage.state === filter);
};

/** One look for a whole stack: what asks for attention first. */
export function overall(stack: Stack): Look {
  if (stack.state === "deleting") return stageLook("deleting");
  const states = new Set(inOrder(stack).map((stage) => stage.state));
  for (const state of ["failed", "deploying", "live", "asleep"] as const) if (states.has(state)) return stageLook(state);
  return stageLook("empty");
}

/** Stages of a stack at whose gate something waits for a decision. */
export const waiting = (stack: Stack): Stage[] => inOrder(stack).filter((stage) => stage.approval);

/** When its newest change came, or when it was made. */
export const lastChange = (stack: Stack): string => stack.newest?.at ?? stack.created_at;

/** How many stacks each filter would leave. */
export function counts(stacks: Stack[]): Record<Filter, number> {
  const out: Record<Filter, number> = { waits: 0, failed: 0, deploying: 0, live: 0 };
  for (const stack of stacks) for (const filter of filters) if (matches(stack, filter)) out[filter]++;
  return out;
}

/** By name: a list whose order moves with the events cannot be read. */
export const sorted = (stacks: Stack[]): Stack[] => [...stacks].sort((a, b) => (a.name < b.name ? -1 : 1));

/** The stacks whose name, branch, stages or newest change with its author have every word that was typed, those that the filter leaves. */
export function narrowed(stacks: Stack[], typed: string, filter?: Filter): Stack[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return stacks.filter((stack) => {
    if (filter && !matches(stack, filter)) return false;
    if (words.length === 0) return true;
    const text = [
      stack.name,
      stack.newest ? `#${stack.newest.change} ${stack.newest.message ?? ""}` : "",
      stack.newest?.author?.name ?? "",
      stack.repository.branch,
      ...stack.stages.map((stage) => stage.name),
    ]
      .join("\n")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
