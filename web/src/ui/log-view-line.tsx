import { type CSSProperties, memo, type MouseEvent } from "react";
import { luminanceOf, readable, rgbOf, type Span, type Style } from "@/lib/ansi";
import classes from "./log-view.module.css";

const onLight = luminanceOf("#fbfbfc");
const onDark = luminanceOf("#17181b");
const flags = ["bold", "dim", "italic", "underline", "strike"] as const;

/** How a style looks: classes for what follows the theme, a style for colours that the text names itself. */
function lookOf(style: Style): { className: string | undefined; style: CSSProperties | undefined } {
  const names: (string | undefined)[] = flags.filter((flag) => style[flag]).map((flag) => classes[flag]);
  const fg = style.inverse ? style.bg : style.fg;
  const bg = style.inverse ? style.fg : style.bg;
  let css: CSSProperties | undefined;
  if (bg !== undefined) {
    const behind = rgbOf(bg);
    const bright = luminanceOf(behind);
    css = { background: behind, color: readable(fg === undefined ? (bright > 0.18 ? "#000000" : "#ffffff") : rgbOf(fg), bright) };
  } else if (style.inverse) names.push(classes.inverse);
  else if (typeof fg === "number" && fg < 16) names.push(classes[`fg${fg}`]);
  else if (fg !== undefined) {
    names.push(classes.fgAny);
    css = { "--on-light": readable(rgbOf(fg), onLight), "--on-dark": readable(rgbOf(fg), onDark) } as CSSProperties;
  }
  return { className: names.join(" ") || undefined, style: css };
}

/** The spans cut where the pattern begins and ends; it may reach over several. */
function pieces(spans: Span[], pattern: RegExp | null): (Span & { found: boolean })[] {
  if (!pattern) return spans.map((span) => ({ ...span, found: false }));
  const whole = spans.map((span) => span.text).join("");
  const hits = [...whole.matchAll(pattern)].map((hit) => [hit.index, hit.index + hit[0].length] as const);
  const out: (Span & { found: boolean })[] = [];
  let at = 0;
  let next = 0;
  for (const span of spans) {
    const end = at + span.text.length;
    for (let from = at; from < end; ) {
      while (next < hits.length && hits[next]![1] <= from) ++next;
      const hit = hits[next];
      const found = hit !== undefined && hit[0] <= from;
      const to = Math.min(end, hit ? (found ? hit[1] : hit[0]) : end);
      out.push({ text: span.text.slice(from - at, to - at), style: span.style, found });
      from = to;
    }
    at = end;
  }
  return out;
}

export interface LineProps {
  number: number;
  spans: Span[];
  /** As it is shown, and exactly; absent: times are not shown. */
  time?: { text: string; exact: string };
  widths: { number: number; time: number };
  pattern: RegExp | null;
  state: "current" | "selected" | "marked" | "";
  href: string;
  pick: (number: number, extend: boolean) => void;
}

/** One line of a log. Its number is a link to it; with shift it selects up to there. */
export const LogLine = memo(function LogLine({ number, spans, time, widths, pattern, state, href, pick }: LineProps) {
  const click = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.button !== 0) return;
    event.preventDefault();
    pick(number, event.shiftKey);
  };
  return (
    <div className={`${classes.line} ${state ? (classes[state] ?? "") : ""}`} data-line={number}>
      <span className={classes.gutter}>
        <a className={classes.number} href={href} onClick={click} tabIndex={-1} style={{ width: `calc(${widths.number}ch + 18px)` }} aria-label={`Line ${number}`}>
          {number}
        </a>
        {time && (
          <span className={classes.time} title={time.exact} style={{ width: `calc(${widths.time}ch + 12px)` }}>
            {time.text}
          </span>
        )}
      </span>
      <span className={classes.text}>
        {pieces(spans, pattern).map((piece, i) => {
          const look = lookOf(piece.style);
          if (piece.found)
            return (
              <mark key={i} className={`${classes.found} ${look.className ?? ""}`}>
                {piece.text}
              </mark>
            );
          return look.className || look.style ? (
            <span key={i} {...look}>
              {piece.text}
            </span>
          ) : (
            piece.text
          );
        })}
      </span>
    </div>
  );
});
