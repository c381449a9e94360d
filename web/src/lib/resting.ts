import type { Schemas, Stage } from "@/api/client";
import { duration } from "./time";

// When a stage stops its instances by itself, and what is said while it does (rules.md, 7.5).

/** Seconds without a request, as offered; 0: never. */
export const sleepChoices = [0, 300, 900, 1800, 3600, 4 * 3600, 24 * 3600] as const;

export const sleepWords = (seconds: number): string => (seconds === 0 ? "Never" : `After ${duration(seconds * 1000)} without a request`);

const shape = "Write them like “mon-fri 08:00-19:00 Europe/Berlin”, several after commas.";
const day = "(mon|tue|wed|thu|fri|sat|sun)";
const span = new RegExp(`^(daily|${day}(-${day})?) +([01]\\d|2[0-3]):[0-5]\\d-(([01]\\d|2[0-3]):[0-5]\\d|24:00)$`);
const zone = /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/;

/** The first thing that is wrong with the hours of a stage, in a sentence; whether the zone is known the server says. */
export function hoursProblem(text: string): string | undefined {
  const plain = text.trim();
  if (plain === "") return undefined;
  const space = plain.lastIndexOf(" ");
  if (space < 0 || !zone.test(plain.slice(space + 1)) || /^\d/.test(plain.slice(space + 1))) return `They must end with a time zone. ${shape}`;
  const wrong = plain
    .slice(0, space)
    .split(",")
    .find((one) => !span.test(one.trim()));
  return wrong === undefined ? undefined : `“${wrong.trim()}” is no span of days and times. ${shape}`;
}

const moment = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });

/** Why a stage at rest runs nothing, and what ends that. */
export function restWords(rest: Schemas["Rest"]): string {
  if (rest.why === "idle") return "asleep: the next request wakes it";
  return rest.until ? `outside its hours until ${moment.format(new Date(rest.until))}` : "outside its hours";
}

/** What saving another sleep or other hours does. */
export function rests(stage: Stage, now: Pick<Stage, "sleep_after" | "hours">): string {
  const says: string[] = [];
  if (now.sleep_after) says.push(`${duration(now.sleep_after * 1000)} after the last request its instances stop; the next request starts them and waits until one is well.`);
  if (now.hours) says.push("Outside its hours nothing runs, and requests get a page that says when it is back.");
  if (says.length === 0 && stage.rest) says.push("It wakes at once.");
  return says.join(" ") || "It runs at all times.";
}
