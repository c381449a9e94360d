import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useNavigate } from "react-router-dom";
import { headline } from "@/lib/words";
import { client, type Event, told } from "./client";
import { onEvent } from "./live";
import { keys } from "./queries";

// Being told by the browser that an approval waits, while the tab is hidden. Asked for by a click, kept in this browser.
const kKept = "sluice.notices";

/** `impossible`: the browser has no notifications here (they need HTTPS or the machine itself); `blocked`: the person said no. */
export type Notices = "impossible" | "blocked" | "off" | "on";

const watchers = new Set<() => void>();
const kept = (): boolean => {
  try {
    return localStorage.getItem(kKept) === "on";
  } catch {
    return false; // storage is forbidden: it lasts as long as the page
  }
};
let wanted = kept();

function state(): Notices {
  if (!("Notification" in window) || !window.isSecureContext) return "impossible";
  if (Notification.permission === "denied") return "blocked";
  return wanted && Notification.permission === "granted" ? "on" : "off";
}

export const useNotices = (): Notices =>
  useSyncExternalStore((tell) => {
    watchers.add(tell);
    return () => watchers.delete(tell);
  }, state);

/** Only on a click: the browser asks the person, once. */
export async function wantNotices(want: boolean): Promise<void> {
  wanted = want && (await Notification.requestPermission()) === "granted";
  try {
    if (wanted) localStorage.setItem(kKept, "on");
    else localStorage.removeItem(kKept);
  } catch {
    // as above
  }
  watchers.forEach((tell) => tell());
}

const gone = new Set(["ApprovalDecided", "ApprovalSuperseded", "ApprovalWithdrawn"]);

/** Shows a notification when something waits for approval and nobody looks, and takes it back when it waits no longer. */
function tellOfApprovals(cache: QueryClient, open: (path: string) => void): () => void {
  const shown = new Map<string, { change: number; notification: Notification }>();
  const take = async ({ type, stack, stage, change }: Event) => {
    if (!stage || change === undefined) return;
    const place = `${stack}/${stage}`;
    const before = shown.get(place);
    if (gone.has(type) && before?.change === change) {
      before.notification.close();
      shown.delete(place);
    }
    if (type !== "ApprovalAsked" || !document.hidden || state() !== "on") return;
    const known = await cache
      .fetchQuery({
        queryKey: keys.change(stack, change),
        queryFn: () => told(client.GET("/api/v1/stacks/{stack}/changes/{change}", { params: { path: { stack, change } } })),
      })
      .catch(() => undefined);
    try {
      // One for each gate: a newer change takes the place of an older one, in every tab.
      const notification = new Notification(`#${change} waits for approval at ${stage} of ${stack}`, {
        body: known ? `${headline(known.message)}\n${known.author.name}` : undefined,
        tag: `sluice approval ${place}`,
      });
      notification.onclick = () => {
        window.focus();
        open(`/stacks/${stack}/stages/${stage}/approval?change=${change}`);
        notification.close();
      };
      shown.set(place, { change, notification });
    } catch {
      // Some phones have the name but not the thing.
    }
  };
  const stop = onEvent((event) => void take(event));
  return () => {
    stop();
    shown.forEach(({ notification }) => notification.close());
  };
}

/** Once for the tab: tells of approvals for as long as somebody is signed in. */
export function useTellOfApprovals(): void {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const open = useRef(navigate);
  useEffect(() => {
    open.current = navigate;
  });
  useEffect(() => tellOfApprovals(cache, (path) => open.current(path)), [cache]);
}
