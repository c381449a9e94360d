import { Tooltip } from "@mantine/core";
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

export function useNow(): number {
  return useSyncExternalStore(
    (tell) => {
      watchers.add(tell);
      timer ??= window.setInterval(tick, 1000);
      return () => {
        watchers.delete(tell);
        if (watchers.size > 0) return;
        window.clearInterval(timer);
        timer = undefined;
      };
    },
    () => (timer === undefined ? (now = Math.max(now, Date.now() - 1000)) : now),
  );
}

/** How long ago, ticking by itself, with the exact moment on hover. */
export function Age({ at, bare = false }: { at: string; bare?: boolean }) {
  const current = useNow();
  return (
    <Tooltip label={exact(at)} openDelay={300}>
      <time dateTime={at} style={{ whiteSpace: "nowrap" }}>
        {bare ? age(at, current) : ago(at, current)}
      </time>
    </Tooltip>
  );
}
