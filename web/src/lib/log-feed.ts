import { tidy } from "./ansi";
import { kMostOfLine, type LogStore } from "./log-store";

const kLead = 25; // "2026-01-31T09:30:00.000Z "

/** Whether a line begins with its time, as the API writes it. */
const isLed = (line: string): boolean =>
  line.length >= kLead && line[4] === "-" && line[10] === "T" && line[23] === "Z" && line[24] === " ";

/**
 * Puts what the API gives of a log into a store: text of any cut, or the data of an event. Each line is led by its time;
 * one without it goes on where the line before stopped.
 */
export class LogFeed {
  private raw: string | null = null; // the last line as it came: more of it may follow

  constructor(
    private readonly store: LogStore,
    private readonly present: (text: string) => string = (text) => text,
  ) {}

  /** A piece of the log as text. */
  text(piece: string): void {
    if (piece === "") return;
    const lines = piece.split("\n");
    if (lines.at(-1) === "") lines.pop();
    lines.forEach((line, i) => this.line(line, i === 0 && !isLed(line)));
    this.store.touch();
  }

  /** The data of one event, in which a carriage return ended a line, too. */
  event(data: string): void {
    data.split("\n").forEach((line, i) => {
      const goesOn = !isLed(line) && this.raw !== null;
      this.line(goesOn && i > 0 ? "\r" + line : line, goesOn);
    });
    this.store.touch();
  }

  private line(line: string, goesOn: boolean): void {
    if (goesOn && this.raw !== null) {
      this.raw += line;
      if (this.raw.length > 4 * kMostOfLine && this.raw.includes("\r")) this.raw = tidy(this.raw);
      this.store.replaceLast(this.present(tidy(this.raw)));
      return;
    }
    const led = isLed(line);
    this.raw = led ? line.slice(kLead) : line;
    this.store.append(led ? Date.parse(line.slice(0, kLead - 1)) : NaN, this.present(tidy(this.raw)));
  }
}
