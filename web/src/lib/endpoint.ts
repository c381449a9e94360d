import type { Schemas } from "@/api/client";

type Limits = Schemas["Limits"];
type Cache = Schemas["Cache"];

// What stands before the instances, as the server checks it (rules.md, 7.4).

export const noLimits: Limits = { rate: 0, burst: 0, body_bytes: 0, answer_seconds: 60 };
export const plainCache: Cache = { seconds: 60, paths: [] };

const within = (value: number, least: number, most: number) => Number.isInteger(value) && value >= least && value <= most;

/** The first thing that is wrong with them, in a sentence. */
export function limitsProblem({ rate, burst, body_bytes, answer_seconds }: Limits): string | undefined {
  if (!within(rate, 0, 10_000)) return "Requests a second: a whole number from 0 to 10,000.";
  if (!within(burst, 0, 10_000_000)) return "At once: a whole number from 0 to 10,000,000.";
  if (burst > 0 && rate === 0) return "At once means nothing without a number of requests a second.";
  if (burst > 0 && burst < rate) return `At once: not less than the ${rate} requests a second.`;
  if (burst > 1000 * rate) return "At once: at most 1,000 times the requests a second.";
  if (!within(body_bytes, 0, 2 ** 40)) return "Size of a request: at most 1 TB.";
  if (!within(answer_seconds, 1, 3600)) return "Time to answer: 1 to 3,600 seconds.";
  return undefined;
}

const path = /^\/[A-Za-z0-9/._~%+@,=-]{0,199}$/;

export function cacheProblem({ seconds, paths }: Cache): string | undefined {
  if (!within(seconds, 1, 86_400)) return "Kept for: 1 to 86,400 seconds.";
  if (paths.length > 20) return "Paths: at most 20.";
  const wrong = paths.find((one) => !path.test(one));
  return wrong === undefined ? undefined : `Paths: “${wrong}” must begin with / and hold only letters, digits and /._~-%+@,=`;
}

/** The name of an access key. */
export const keyNameProblem = (name: string): string | undefined =>
  /^[A-Za-z0-9._-]{1,64}$/.test(name) ? undefined : "1 to 64 letters, digits, “.”, “_” or “-”.";
