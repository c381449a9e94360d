import { Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { parse, plain } from "@/lib/ansi";
import { type Range, writeRange } from "@/lib/log-range";
import type { LogStore } from "@/lib/log-store";
import { clock, sameDay } from "@/lib/log-times";
import { exact } from "@/lib/time";
import classes from "./log-view.module.css";
import { LogLine } from "./log-view-line";
import { useLogWindow } from "./log-view-window";

export interface LinesProps {
  store: LogStore;
  version: number;
  label: string;
  follow: boolean;
  setFollow: (follow: boolean) => void;
  wrap: boolean;
  times: boolean;
  /** Takes all the height there is, however short the log. */
  fill: boolean;
  head?: string;
  pattern: RegExp | null;
  current: number | null;
  selected: Range | null;
  marked: Range | null;
  /** Brought into sight whenever it is another object. */
  goal: { line: number } | null;
  search: string;
  pick: (line: number, extend: boolean) => void;
  empty: ReactNode;
  live: boolean;
}

/** The lines of a log, as many as are seen. */
export function LogLines(props: LinesProps) {
  const { store, version, follow, setFollow, wrap, times, selected, marked, current, pattern, goal } = props;
  const measure = useRef<HTMLSpanElement>(null);
  const [cell, setCell] = useState({ width: 7.5, view: 800 });
  const severalDays = !sameDay(store.line(store.first)?.at ?? NaN, store.line(store.end - 1)?.at ?? NaN);
  const widths = { number: Math.max(3, String(store.end - 1).length), time: severalDays ? 23 : 12 };
  const gutter = 18 + widths.number * cell.width + (times ? 12 + widths.time * cell.width : 0);
  const columns = wrap ? Math.max(10, Math.floor((cell.view - gutter - 14) / cell.width)) : Infinity;
  const area = useLogWindow(store, version, columns, follow, setFollow, props.head && !wrap ? 25 : 0);

  useLayoutEffect(() => {
    const box = area.scroller.current;
    if (!box) return;
    const look = new ResizeObserver(() => {
      const width = (measure.current?.getBoundingClientRect().width ?? 750) / 100;
      setCell({ width: width || 7.5, view: box.clientWidth });
    });
    look.observe(box);
    return () => look.disconnect();
  }, [area.scroller]);

  const reveal = useRef(area.reveal);
  reveal.current = area.reveal;
  // A line that is linked to may come only after some time.
  const [arrived, setArrived] = useState<{ line: number } | null>(null);
  useEffect(() => {
    if (!goal || goal === arrived || goal.line >= store.end) return;
    setArrived(goal);
    reveal.current(goal.line);
  }, [goal, arrived, store, version]);

  // What was found may stand further to the right than is seen.
  useEffect(() => {
    const box = area.scroller.current;
    const mark = box?.querySelector(`[data-line="${current ?? 0}"] mark`)?.getBoundingClientRect();
    if (!box || !mark) return;
    const left = box.getBoundingClientRect().left + gutter;
    if (mark.left < left || mark.right > left - gutter + box.clientWidth - 16) box.scrollLeft += mark.left - left - (box.clientWidth - gutter) / 3;
  }, [current, arrived, gutter, area.scroller]);

  const lines = useMemo(() => {
    void version; // the last line may be another than it was
    const out = [];
    let style = area.from < area.to ? store.styleAt(area.from) : plain;
    for (let number = area.from; number < area.to; ++number) {
      const line = store.line(number);
      if (!line) break;
      const { spans, end } = parse(line.text, store.carries ? style : plain);
      style = end;
      out.push({ ...line, spans });
    }
    return out;
  }, [store, version, area.from, area.to]);

  const within = (range: Range | null, line: number) => range !== null && line >= range.from && line <= range.to;
  const stateOf = (line: number) =>
    line === current ? "current" : within(selected, line) ? "selected" : within(marked, line) ? "marked" : "";
  const width = wrap ? undefined : Math.ceil(gutter + 14 + store.widest * cell.width);

  return (
    <>
      <div
        ref={area.scroller}
        className={`${classes.scroller} ${wrap ? classes.wrapped : ""} ${props.fill ? classes.fill : ""}`}
        role="region"
        aria-label={props.label}
        tabIndex={0}
        onScroll={area.onScroll}
      >
        <span ref={measure} className={classes.measure} aria-hidden>
          {"0".repeat(100)}
        </span>
        {props.head && !wrap && (
          <div className={classes.head} style={{ minWidth: width, paddingLeft: gutter }}>
            {props.head}
          </div>
        )}
        {store.size === 0 && props.empty}
        <div className={classes.space} style={{ height: area.height, minWidth: width }}>
          <div className={classes.rows} style={{ top: area.offset }}>
            {lines.map((line) => (
              <LogLine
                key={line.number}
                number={line.number}
                spans={line.spans}
                time={times ? { text: clock(line.at, severalDays), exact: Number.isNaN(line.at) ? "" : exact(line.at) } : undefined}
                widths={widths}
                pattern={pattern}
                state={stateOf(line.number)}
                href={props.search + writeRange({ from: line.number, to: line.number })}
                pick={props.pick}
              />
            ))}
          </div>
        </div>
      </div>
      {!follow && area.to < store.end && (
        <Button className={classes.toEnd} size="xs" variant={props.live ? "filled" : "default"} leftSection={<IconArrowDown size={14} />} onClick={() => setFollow(true)}>
          To the end
        </Button>
      )}
    </>
  );
}
