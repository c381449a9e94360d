/**
 * What a terminal would make of a line of output, as far as a log needs it: SGR (ECMA-48, 8.3.117, with xterm's 256 and
 * 24-bit colours) becomes style, a carriage return begins the line anew, every other escape is dropped.
 */
export interface Style {
  /** 0 to 255 of xterm's palette, or "#rrggbb". */
  fg?: number | string;
  bg?: number | string;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
  inverse?: true;
  strike?: true;
}
export interface Span {
  text: string;
  style: Style;
}

export const plain: Style = {};

const sgr = /\x1b\[([0-9;:]*)m/g;
const escapes =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]|\x1b/g;
const controls = /[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f]/g;
const strange = /[\x00-\x1f\x7f-\x9f]/;
const kTab = 8;

/** A raw line as it is kept: only what is seen, and SGR. Of a progress line its last state; tabs as spaces. */
export function tidy(raw: string): string {
  if (!strange.test(raw)) return raw;
  let line = raw;
  if (line.includes("\r")) {
    const turns = line.split("\r");
    line = turns.reverse().find((turn) => visible(drop(turn)).trim() !== "") ?? "";
  }
  line = drop(line);
  return line.includes("\t") ? expand(line) : line;
}

const drop = (line: string): string =>
  line.replace(escapes, (found) => (/^\x1b\[[0-9;:]*m$/.test(found) ? found : "")).replace(controls, "");

function expand(line: string): string {
  let column = 0;
  return line.replace(/\x1b\[[0-9;:]*m|\t|[^\x1b\t]+/g, (part) => {
    if (part.startsWith("\x1b")) return part;
    const text = part === "\t" ? " ".repeat(kTab - (column % kTab)) : part;
    column += text.length;
    return text;
  });
}

/** Without its colours. */
export const visible = (line: string): string => (line.includes("\x1b") ? line.replace(sgr, "") : line);

/** The spans of a tidy line that begins in the style `start`, and the style that it ends in. */
export function parse(line: string, start: Style = plain): { spans: Span[]; end: Style } {
  if (!line.includes("\x1b")) return { spans: line === "" ? [] : [{ text: line, style: start }], end: start };
  const spans: Span[] = [];
  let style = start;
  let at = 0;
  const put = (text: string) => {
    if (text !== "") spans.push({ text, style });
  };
  for (const found of line.matchAll(sgr)) {
    put(line.slice(at, found.index));
    at = found.index + found[0].length;
    style = changed(style, found[1] ?? "");
  }
  put(line.slice(at));
  return { spans, end: style };
}

/** The style that a tidy text ends in. */
export function endOf(text: string, start: Style): Style {
  if (!text.includes("\x1b")) return start;
  let style = start;
  for (const found of text.matchAll(sgr)) style = changed(style, found[1] ?? "");
  return style;
}

type Flag = "bold" | "dim" | "italic" | "underline" | "inverse" | "strike";
const on: Record<number, Flag> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike", 21: "underline" };
const off: Record<number, Flag[]> = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] };

function changed(before: Style, parameters: string): Style {
  let style: Style = { ...before };
  const list = parameters.split(";");
  for (let i = 0; i < list.length; ++i) {
    const [first = "", ...sub] = (list[i] ?? "").split(":");
    const code = Number(first || 0);
    const flag = on[code];
    if (code === 0) style = {};
    else if (code === 4 && sub[0] === "0") delete style.underline;
    else if (flag) style[flag] = true;
    else if (off[code]) for (const one of off[code] ?? []) delete style[one];
    else if (code >= 30 && code <= 37) style.fg = code - 30;
    else if (code >= 90 && code <= 97) style.fg = code - 82;
    else if (code >= 40 && code <= 47) style.bg = code - 40;
    else if (code >= 100 && code <= 107) style.bg = code - 92;
    else if (code === 39) delete style.fg;
    else if (code === 49) delete style.bg;
    else if (code === 38 || code === 48 || code === 58) {
      // With semicolons the colour's parts are parameters of their own; with colons, parts of this one.
      const parts = sub.length > 0 ? sub : list.slice(i + 1);
      const [color, used] = extended(parts, sub.length > 0);
      if (sub.length === 0) i += used;
      if (color !== undefined && code === 38) style.fg = color;
      if (color !== undefined && code === 48) style.bg = color;
    }
  }
  return style;
}

/** The colour that 38 or 48 goes on to name, and how many parameters that took. */
function extended(parts: string[], colons: boolean): [number | string | undefined, number] {
  const numbers = parts.map((part) => Number(part || 0));
  if (numbers[0] === 5) {
    const index = numbers[1] ?? 0;
    return [index >= 0 && index <= 255 ? index : undefined, 2];
  }
  if (numbers[0] === 2) {
    const from = colons && numbers.length > 4 ? 2 : 1; // 38:2:SPACE:r:g:b
    const rgb = numbers.slice(from, from + 3);
    const fits = rgb.length === 3 && rgb.every((one) => one >= 0 && one <= 255);
    return [fits ? hex(rgb) : undefined, 4];
  }
  return [undefined, 1];
}

const hex = (rgb: number[]): string => "#" + rgb.map((one) => one.toString(16).padStart(2, "0")).join("");

const basic =
  "000000 c02626 1d7a36 8f5a00 1c62c4 9430b5 0b7285 c9ccd1 5c5f66 ff6b6b 8ce99a ffd867 9cc7ff eab3f8 87e3ef ffffff".split(" ");

/** "#rrggbb" of a colour of a Style. */
export function rgbOf(color: number | string): string {
  if (typeof color === "string") return color;
  if (color < 16) return "#" + (basic[color] ?? "000000");
  if (color >= 232) return hex(Array<number>(3).fill(8 + (color - 232) * 10));
  const level = (of: number) => (of === 0 ? 0 : 55 + 40 * of);
  const cube = color - 16;
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
}

export const luminanceOf = (color: string): number =>
  luminance([1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)));

/** The colour moved towards black or white until it can be read (WCAG 2, 4.5:1) on a background of that luminance. */
export function readable(color: string, background: number): string {
  const rgb = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const goal = background > 0.18 ? 0 : 255;
  for (let part = 0; part <= 1; part += 0.1) {
    const mixed = rgb.map((one) => Math.round(one + (goal - one) * part));
    if (contrast(luminance(mixed), background) >= 4.5) return hex(mixed);
  }
  return hex([goal, goal, goal]);
}

const luminance = (rgb: number[]): number => {
  const [r = 0, g = 0, b = 0] = rgb.map((one) => {
    const part = one / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
export const contrast = (a: number, b: number): number => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
