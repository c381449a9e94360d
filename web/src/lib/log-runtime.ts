/** As the API names the levels of lines that are JSON objects, gravest last. */
export const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof levels)[number];
export const isLevel = (text: string | null): text is Level => (levels as readonly (string | null)[]).includes(text);

const shape = /^\[(\d+)\.(\d+)\.(\d+)\] /;
const colors = [36, 32, 33, 34];

/** A line of the runtime log: which instance wrote it, in a colour of its own, then what it wrote. */
export function presentRuntime(line: string): string {
  const found = shape.exec(line);
  if (!found) return line;
  const tag = found[0].slice(1, -2);
  const color = colors[(Number(found[2]) * 2 + Number(found[3])) % colors.length] ?? 36;
  return `\x1b[${color}m${tag.padEnd(7)}\x1b[39m  ${line.slice(found[0].length)}`;
}

/** What leaves lines out, as the API's query has it; it goes after a "?" or "&". */
export function filterQuery(grep: string, level: Level | null): string {
  const parts = [...(grep ? [`grep=${encodeURIComponent(grep)}`] : []), ...(level ? [`level=${level}`] : [])];
  return parts.join("&");
}
