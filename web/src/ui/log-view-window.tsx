import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { LogStore } from "@/lib/log-store";
import { kRow, Scale } from "@/lib/log-window";

const kOver = 12; // rows drawn beyond what is seen, above and below
const kQuiet = 150; // ms without scrolling after which the scroll bar is set right

export interface LogWindow {
  scroller: RefObject<HTMLDivElement>;
  /** Height of the scrolled space; where in it the drawn lines stand; which lines those are. */
  height: number;
  offset: number;
  from: number;
  to: number;
  onScroll: () => void;
  /** Brings a line into sight, a third from the top; the end of the log. */
  reveal: (line: number) => void;
  toEnd: () => void;
}

/**
 * Which lines of a log are drawn. A row has a fixed height; a line has as many rows as it has times `columns`
 * (Infinity: one). While `follow`, the end stays in sight; scrolling up lets it go, scrolling to the end takes it up.
 * `head`: pixels at the top that something else stands on.
 */
export function useLogWindow(
  store: LogStore,
  version: number,
  columns: number,
  follow: boolean,
  setFollow: (follow: boolean) => void,
  head: number,
): LogWindow {
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(600);
  const [place, setPlace] = useState({ top: 0, bar: 0 });
  const at = useRef({ top: 0, bar: 0, line: 1, inLine: 0, store });
  const rows = store.rows(columns);
  const scale = new Scale(rows, view);

  const go = useCallback(
    (goal: number, bar?: number) => {
      const box = scroller.current;
      const now = new Scale(store.rows(columns), (box?.clientHeight ?? 600) - head);
      const next = Math.min(Math.max(goal, 0), now.end);
      if (box && bar === undefined) {
        box.scrollTop = now.toBar(next);
        bar = box.scrollTop;
      }
      const row = Math.floor(next / kRow);
      const line = store.atRow(row, columns);
      at.current = { top: next, bar: bar ?? 0, line: line.number, inLine: next - line.row * kRow, store };
      setPlace({ top: next, bar: bar ?? 0 });
    },
    [store, columns, head],
  );

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const look = new ResizeObserver(() => setView(box.clientHeight - head));
    look.observe(box);
    return () => look.disconnect();
  }, [head]);

  // What is added, forgotten or broken anew moves nothing that is read: the line on top stays there, or the end.
  useLayoutEffect(() => {
    const was = at.current;
    if (was.store !== store) return go(follow ? Infinity : 0);
    if (follow) return go(Infinity);
    const goal = Math.max(store.rowOf(was.line, columns) * kRow + (was.line < store.first ? 0 : was.inLine), 0);
    if (Math.abs(goal - was.top) >= 1) go(goal);
  }, [version, store, columns, view, follow, go]);

  const quiet = useRef(0);
  useEffect(() => () => window.clearTimeout(quiet.current), []);
  const onScroll = () => {
    const box = scroller.current;
    if (!box || Math.abs(box.scrollTop - at.current.bar) < 1) return;
    const bar = box.scrollTop;
    const up = bar < at.current.bar;
    const next = scale.moved(at.current.top, at.current.bar, bar, view);
    go(next, bar);
    if (follow && up && next < scale.end - kRow) setFollow(false);
    if (!follow && !up && next >= scale.end - 2) setFollow(true);
    window.clearTimeout(quiet.current);
    if (scale.total !== scale.bar) quiet.current = window.setTimeout(() => go(at.current.top), kQuiet);
  };

  const first = store.atRow(Math.max(Math.floor(place.top / kRow) - kOver, 0), columns);
  const last = store.atRow(Math.ceil((place.top + view) / kRow) + kOver, columns);
  return {
    scroller,
    height: scale.bar,
    offset: place.bar + first.row * kRow - place.top,
    from: first.number,
    to: Math.min(last.number + 1, store.end),
    onScroll,
    reveal: (line) => go(store.rowOf(line, columns) * kRow - Math.max(view, 400) / 3), // it may grow as lines come
    toEnd: () => go(Infinity),
  };
}
