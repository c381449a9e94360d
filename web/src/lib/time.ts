const units: [number, string][] = [
  [365 * 86400, "y"],
  [30 * 86400, "mo"],
  [7 * 86400, "w"],
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** "now", "12 s", "3 min", "2 h", "5 d": the age of a moment, in its largest unit. A clock that is a little ahead is now. */
export function age(at: string | number | Date, now: number = Date.now()): string {
  const seconds = Math.floor((now - new Date(at).getTime()) / 1000);
  if (seconds < 2) return "now";
  for (const [size, name] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${name}`;
  return "now";
}

/** "now", or the age with "ago". */
export const ago = (at: string | number | Date, now: number = Date.now()): string => {
  const text = age(at, now);
  return text === "now" ? text : `${text} ago`;
};

/** "40 ms", "0.41 s", "12 s", "3 min 5 s", "1 h 2 min": how long something took. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return rest(minutes, "min", Math.round(seconds) % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return rest(hours, "h", minutes % 60, "min");
  return rest(Math.floor(hours / 24), "d", hours % 24, "h");
}
const rest = (many: number, unit: string, few: number, smaller: string) =>
  few === 0 ? `${many} ${unit}` : `${many} ${unit} ${few} ${smaller}`;

/** The exact moment in the reader's own zone, for a hover. */
export const exact = (at: string | number | Date): string => moment.format(new Date(at));
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }); // made once: it is slow to make
