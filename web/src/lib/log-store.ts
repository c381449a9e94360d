import { endOf, plain, type Style, visible } from "./ansi";

const kChunk = 64 * 1024; // characters
const kChunkLines = 2048;
/** A longer line is cut when it is kept; a download has it whole. */
export const kMostOfLine = 20_000;

/**
 * Some hundreds of lines. Its text is one string once it is full (no string object a line), beside it four numbers a
 * line: where it ends, how wide it is, and its time.
 */
interface Chunk {
  first: number;
  /** Absolute numbers of lines: first, first + 1, …; as pieces while the chunk is the last one. */
  pieces: string[] | null;
  text: string;
  size: number;
  ends: number[] | Uint32Array;
  columns: number[] | Uint32Array;
  at: number[] | Float64Array;
  /** The style in which the chunk begins and ends: colours go on over line ends. */
  start: Style;
  rowsFor: number;
  rows: number;
}

export interface LogLine {
  number: number;
  /** Milliseconds; NaN where the line has no time of its own. */
  at: number;
  /** Tidy: see ansi.ts. */
  text: string;
}

/**
 * The lines of one log, numbered from 1. Appending copies nothing of what is there. What it keeps is bounded: beyond
 * `limit` characters the oldest chunks are forgotten, and `first` says from which line on it has them. So a log costs a
 * browser at most `limit` bytes (twice that outside Latin-1) and 16 bytes a line.
 */
export class LogStore {
  private chunks: Chunk[] = [];
  private kept = 0;
  private watchers = new Set<() => void>();
  /** Grows with every change. */
  version = 0;
  /** The width of the widest line so far. */
  widest = 0;

  constructor(
    private readonly limit = 128 * 1024 * 1024,
    /** Whether a colour goes on over the end of its line; not where the lines of several programs are mixed. */
    readonly carries = true,
  ) {}

  /** The first line that is kept, and the one after the last. */
  get first(): number {
    return this.chunks[0]?.first ?? 1;
  }
  get end(): number {
    const last = this.chunks.at(-1);
    return last ? last.first + last.ends.length : 1;
  }
  get size(): number {
    return this.end - this.first;
  }

  append(at: number, text: string): void {
    let last = this.chunks.at(-1);
    if (!last || last.size >= kChunk || last.ends.length >= kChunkLines) last = this.open(last);
    const line = cut(text);
    last.pieces?.push(line);
    last.size += line.length + 1;
    (last.ends as number[]).push(last.size);
    (last.at as number[]).push(at);
    this.kept += line.length + 1;
    this.measure(last, line);
  }

  /** The last line anew: more of it came, or it was a progress line. */
  replaceLast(text: string): void {
    const last = this.chunks.at(-1);
    const before = last?.pieces?.pop();
    if (!last?.pieces || before === undefined) return;
    const line = cut(text);
    last.pieces.push(line);
    last.size += line.length - before.length;
    this.kept += line.length - before.length;
    last.ends[last.ends.length - 1] = last.size;
    (last.columns as number[]).pop();
    this.measure(last, line);
  }

  private measure(chunk: Chunk, line: string): void {
    const width = widthOf(line);
    (chunk.columns as number[]).push(width);
    if (width > this.widest) this.widest = width;
    chunk.rowsFor = -1;
  }

  private open(before: Chunk | undefined): Chunk {
    if (before) seal(before);
    const chunk: Chunk = {
      first: this.end,
      pieces: [],
      text: "",
      size: 0,
      ends: [],
      columns: [],
      at: [],
      start: before && this.carries ? endOf(before.text, before.start) : plain,
      rowsFor: -1,
      rows: 0,
    };
    this.chunks.push(chunk);
    let many = 0;
    while (this.kept > this.limit && many < this.chunks.length - 2) this.kept -= this.chunks[many++]?.size ?? 0;
    if (many > 0) this.chunks.splice(0, many);
    return chunk;
  }

  line(number: number): LogLine | undefined {
    const chunk = this.chunkOf(number);
    if (!chunk) return undefined;
    const index = number - chunk.first;
    return { number, at: chunk.at[index] ?? NaN, text: textOf(chunk, index) };
  }

  /** The style in which a line begins. */
  styleAt(number: number): Style {
    const chunk = this.chunkOf(number);
    if (!chunk || !this.carries) return plain;
    const index = number - chunk.first;
    if (!chunk.pieces) return endOf(chunk.text.slice(0, startOf(chunk, index)), chunk.start);
    return chunk.pieces.slice(0, index).reduce((style, piece) => endOf(piece, style), chunk.start);
  }

  /** The text without colours of whole chunks from a line on, one after the other; lines end with "\n". */
  *texts(from: number): Generator<{ first: number; text: string; next: number }> {
    let number = Math.max(from, this.first);
    while (number < this.end) {
      const chunk = this.chunkOf(number);
      if (!chunk) return;
      const index = number - chunk.first;
      const whole = chunk.pieces ? chunk.pieces.slice(index).join("\n") + "\n" : chunk.text.slice(startOf(chunk, index));
      const next = chunk.first + chunk.ends.length;
      yield { first: number, text: visible(whole), next };
      number = Math.max(next, this.first);
    }
  }

  /** How many rows of `columns` all lines take; Infinity: one each. */
  rows(columns: number): number {
    if (columns === Infinity) return this.size;
    let sum = 0;
    for (const chunk of this.chunks) sum += rowsOf(chunk, columns);
    return sum;
  }

  /** The row in which a line begins, from 0. */
  rowOf(number: number, columns: number): number {
    if (columns === Infinity) return Math.min(Math.max(number - this.first, 0), this.size);
    let row = 0;
    for (const chunk of this.chunks) {
      if (number >= chunk.first + chunk.ends.length) row += rowsOf(chunk, columns);
      else {
        for (let i = 0; i < number - chunk.first; ++i) row += rowsOfLine(chunk, i, columns);
        return row;
      }
    }
    return row;
  }

  /** The line that stands in a row, and the row in which it begins. */
  atRow(row: number, columns: number): { number: number; row: number } {
    if (columns === Infinity) {
      const index = Math.min(Math.max(Math.floor(row), 0), Math.max(this.size - 1, 0));
      return { number: this.first + index, row: index };
    }
    let begin = 0;
    for (const chunk of this.chunks) {
      const many = rowsOf(chunk, columns);
      if (row >= begin + many) {
        begin += many;
        continue;
      }
      for (let i = 0; i < chunk.ends.length; ++i) {
        const height = rowsOfLine(chunk, i, columns);
        if (row < begin + height) return { number: chunk.first + i, row: begin };
        begin += height;
      }
    }
    return { number: Math.max(this.end - 1, this.first), row: Math.max(begin - 1, 0) };
  }

  /** Says that a round of appending is over. */
  touch(): void {
    ++this.version;
    this.watchers.forEach((tell) => tell());
  }
  watch(tell: () => void): () => void {
    this.watchers.add(tell);
    return () => this.watchers.delete(tell);
  }

  private chunkOf(number: number): Chunk | undefined {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const chunk = this.chunks[middle]!;
      if (number < chunk.first) high = middle - 1;
      else if (number >= chunk.first + chunk.ends.length) low = middle + 1;
      else return chunk;
    }
    return undefined;
  }
}

function seal(chunk: Chunk): void {
  if (!chunk.pieces) return;
  chunk.text = chunk.pieces.join("\n") + "\n"; // a copy: nothing holds on to what the pieces were cut from
  chunk.pieces = null;
  chunk.ends = Uint32Array.from(chunk.ends);
  chunk.columns = Uint32Array.from(chunk.columns);
  chunk.at = Float64Array.from(chunk.at);
}

const startOf = (chunk: Chunk, index: number): number => (index === 0 ? 0 : (chunk.ends[index - 1] ?? 0));
const textOf = (chunk: Chunk, index: number): string =>
  chunk.pieces ? (chunk.pieces[index] ?? "") : chunk.text.slice(startOf(chunk, index), (chunk.ends[index] ?? 1) - 1);

const rowsOfLine = (chunk: Chunk, index: number, columns: number): number =>
  Math.max(1, Math.ceil((chunk.columns[index] ?? 0) / columns));

function rowsOf(chunk: Chunk, columns: number): number {
  if (chunk.rowsFor === columns) return chunk.rows;
  let sum = 0;
  for (let i = 0; i < chunk.ends.length; ++i) sum += rowsOfLine(chunk, i, columns);
  chunk.rowsFor = columns;
  return (chunk.rows = sum);
}

function cut(line: string): string {
  if (line.length <= kMostOfLine) return line;
  const more = (line.length - kMostOfLine).toLocaleString("en");
  return `${line.slice(0, kMostOfLine)} … ${more} more characters; a download has them`;
}

/** Columns that a tidy line takes in a monospaced font: East Asian wide characters and emoji take two. */
export function widthOf(line: string): number {
  const text = visible(line);
  if (!/[^\x20-\x7e]/.test(text)) return text.length;
  let width = 0;
  for (const one of text) width += /\p{Mn}|\u200d|\ufe0f/u.test(one) ? 0 : /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(one) ? 2 : 1;
  return width;
}
