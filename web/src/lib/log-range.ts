/** Lines from..to, both of them. */
export interface Range {
  from: number;
  to: number;
}

/** "#L120", "#L120-L130" (or the same without #, L, as typed after a colon). */
export function readRange(text: string): Range | null {
  const found = /^#?L?(\d{1,9})(?:-L?(\d{1,9}))?$/i.exec(text.trim());
  if (!found) return null;
  const a = Number(found[1]);
  const b = Number(found[2] ?? found[1]);
  return a < 1 || b < 1 ? null : { from: Math.min(a, b), to: Math.max(a, b) };
}

export const writeRange = ({ from, to }: Range): string => (from === to ? `#L${from}` : `#L${from}-L${to}`);

/** What a click on a line's number selects; with shift, up to there from where the selection begins. */
export const picked = (line: number, before: Range | null, extend: boolean): Range =>
  extend && before ? { from: Math.min(line, before.from), to: Math.max(line, before.from) } : { from: line, to: line };
