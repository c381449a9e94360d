/** Height of a row of a log, in pixels. */
export const kRow = 20;
/** Browsers lay out no element higher than some 17 million pixels; a longer log is scrolled on a shorter scale. */
export const kMostPixels = 12_000_000;

/**
 * How far a log is scrolled (`top`, in its own pixels), and the scroll bar of an element that may be shorter than the
 * log. At both ends they move alike, pixel by pixel; between, the bar stands for more.
 */
export class Scale {
  readonly total: number;
  readonly bar: number;
  private readonly most: number;
  private readonly mostOfBar: number;
  private readonly zone: number;

  constructor(rows: number, view: number, most = kMostPixels) {
    this.total = rows * kRow;
    this.bar = Math.min(this.total, most);
    this.most = Math.max(this.total - view, 0);
    this.mostOfBar = Math.max(this.bar - view, 0);
    this.zone = this.bar / 4;
  }

  get end(): number {
    return this.most;
  }

  toTop(bar: number): number {
    if (this.total === this.bar || bar <= this.zone) return clamp(bar, this.most);
    if (bar >= this.mostOfBar - this.zone) return clamp(this.most - (this.mostOfBar - bar), this.most);
    return this.zone + (bar - this.zone) * this.stretch();
  }

  toBar(top: number): number {
    if (this.total === this.bar || top <= this.zone) return clamp(top, this.mostOfBar);
    if (top >= this.most - this.zone) return clamp(this.mostOfBar - (this.most - top), this.mostOfBar);
    return this.zone + (top - this.zone) / this.stretch();
  }

  /** Where the log is after the bar moved: a short way is the same for both, a long one is a jump of the bar. */
  moved(top: number, from: number, to: number, view: number): number {
    if (to <= 0) return 0;
    if (to >= this.mostOfBar - 1) return this.most;
    if (this.total === this.bar || Math.abs(to - from) > 2 * view) return this.toTop(to);
    return clamp(top + to - from, this.most);
  }

  private stretch(): number {
    return (this.most - 2 * this.zone) / (this.mostOfBar - 2 * this.zone);
  }
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
