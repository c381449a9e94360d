import type { Schemas } from "@/api/client";

type Resources = Schemas["Resources"];

// What each instance of a stage may use of the machine (rules.md, 7.2).

/** Nothing of the stage's own: what the app's sluice.toml says, else no limit. */
export const noResources: Resources = { memory: 0, cpu: 0 };

const kMegabyte = 1 << 20;
const zeroOr = (value: number, least: number, most: number) => value === 0 || (Number.isInteger(value) && value >= least && value <= most);

/** The first thing that is wrong with them, in a sentence. */
export function resourcesProblem({ memory, cpu }: Resources): string | undefined {
  if (!zeroOr(memory, 16 * kMegabyte, 2 ** 44)) return "Memory: 16 MB at least, or 0.";
  if (!zeroOr(cpu, 10, 1_024_000)) return "Processor: from 0.01 to 1,024 cores, or 0.";
  return undefined;
}

export const inMegabytes = (bytes: number): number => bytes / kMegabyte;
export const ofMegabytes = (value: number): number => Math.round(value * kMegabyte);
