import { useSyncExternalStore } from "react";
import { age, ago, exact } from "@/lib/time";

// One clock for all ages of the page: it ticks every second while anything is shown that ticks, and the tab is seen.
const watchers = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;
const tick = () => {
  if (document.hidden) return;
  now = Date.now();
  watchers.forEach((tell) => tell());
};

const watch = (tell: () => void) => {
  watchers.add(tell);
  timer ??= window.setInterval(tick, 1000);
  return () => {
    watchers.delete(tell);
    if (watchers.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
};
const read = () => (timer === undefined ? (now = Math.max(now, Date.now() - 1000)) : now);

export const useNow = (): number => useSyncExternalStore(watch, read);

/** How long ago, ticking by itself, with the exact moment on hover. Drawn again only when its words change. */
export function Age({ at, bare = false }: { at: string; bare?: boolean }) {
  const words = useSyncExternalStore(watch, () => (bare ? age(at, read()) : ago(at, read())));
  return (
    <time dateTime={at} title={exact(at)} style={{ whiteSpace: "nowrap" }}>
      {words}
    </time>
  );
}
