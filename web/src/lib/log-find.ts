import { tidy, visible } from "./ansi";
import type { Range } from "./log-range";
import type { LogStore } from "./log-store";

const kFar = 2000; // lines from the end

/** Where near its end a log has these lines, one after the other; null when it has not. */
export function findLast(store: LogStore, lines: string[]): Range | null {
  const wanted = lines.map((line) => visible(tidy(line)).trimEnd());
  const least = Math.max(store.first, store.end - kFar);
  for (let from = store.end - wanted.length; from >= least; --from)
    if (wanted.every((line, i) => visible(store.line(from + i)?.text ?? "").trimEnd() === line))
      return { from, to: from + wanted.length - 1 };
  return null;
}
