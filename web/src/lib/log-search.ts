import type { LogStore } from "./log-store";

/** A pattern that finds the words as they are, in any case; null for nothing. */
export const patternOf = (words: string): RegExp | null =>
  words === "" ? null : new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");

/** The lines of a store in which a pattern is found; looks at what is new when it is asked to go on. */
export class LogSearch {
  /** Numbers of lines, ascending. */
  readonly found: number[] = [];
  private next = 1;

  constructor(
    private readonly store: LogStore,
    private readonly pattern: RegExp,
  ) {}

  /** Looks on for some milliseconds; false when it has seen all that there is. */
  step(milliseconds: number, now: () => number = () => performance.now()): boolean {
    const until = now() + milliseconds;
    for (const part of this.store.texts(this.next)) {
      this.look(part.first, part.text);
      this.next = part.next;
      if (now() >= until) break;
    }
    return this.next < this.store.end;
  }

  private look(first: number, text: string): void {
    const pattern = this.pattern;
    pattern.lastIndex = 0;
    let line = first;
    let begin = 0;
    for (let hit = pattern.exec(text); hit; hit = pattern.exec(text)) {
      for (let end = text.indexOf("\n", begin); end >= 0 && end < hit.index; end = text.indexOf("\n", begin)) {
        begin = end + 1;
        ++line;
      }
      this.found.push(line);
      const end = text.indexOf("\n", hit.index);
      if (end < 0) return;
      pattern.lastIndex = end + 1;
      begin = end + 1;
      ++line;
    }
  }

  /** The place in `found` of the first line at or after a number; of the first of all when there is none. */
  from(number: number): number {
    let low = 0;
    let high = this.found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.found[middle] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low === this.found.length ? 0 : low;
  }
}
