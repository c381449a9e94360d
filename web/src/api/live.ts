import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { ApiError, type Event, whenAnswered } from "./client";
import { keys, refreshStack } from "./queries";
import { readStream } from "./stream";

/** How the event stream of this tab is: `connecting` only before it was open for the first time. */
export type Connection = "connecting" | "live" | "lost";

const kPauses = [500, 1000, 2000, 5000, 10000]; // ms before the stream is tried again
const kGather = 30; // ms in which events that come together are answered by one round of requests

let connection: Connection = "connecting";
// Nothing that the cache holds is older than this event. Events are followed from there: what happens between the first
// answers of a page and its first event is not missed.
let lastId = "";
let following: { cache: QueryClient; from: number; since: number } | undefined;

whenAnswered((event, asked) => {
  if (following) {
    // It was under way when following began, and tells of a time before.
    if (asked < following.since && Number(event) < following.from) void following.cache.invalidateQueries();
  } else if (!lastId || Number(event) < Number(lastId)) {
    lastId = event;
  }
});
const watchers = new Set<() => void>();
const listeners = new Set<(event: Event) => void>();

function become(next: Connection) {
  if (next === connection) return;
  connection = next;
  watchers.forEach((tell) => tell());
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
    () => connection,
  );
}

/** Calls `take` for every event from now on; returns how to stop. */
export function onEvent(take: (event: Event) => void): () => void {
  listeners.add(take);
  return () => listeners.delete(take);
}

/** Follows everything that changes and makes stale what the cache holds of it. Returns how to stop. */
export function followEvents(cache: QueryClient): () => void {
  const stop = new AbortController();
  const touched = new Map<string, Set<string>>(); // stack -> deployments
  let timer: number | undefined;
  let tries = 0;
  following = { cache, from: Number(lastId), since: performance.now() };

  const settle = () => {
    timer = undefined;
    for (const [stack, deployments] of touched) {
      void refreshStack(cache, stack);
      for (const id of deployments) void cache.invalidateQueries({ queryKey: keys.deployment(id) });
    }
    touched.clear();
    void cache.invalidateQueries({ queryKey: keys.approvals() });
    void cache.invalidateQueries({ queryKey: keys.activity() });
  };

  const take = (event: Event) => {
    const deployments = touched.get(event.stack) ?? new Set<string>();
    if (event.deployment) deployments.add(event.deployment);
    touched.set(event.stack, deployments);
    timer ??= window.setTimeout(settle, kGather);
    listeners.forEach((tell) => tell(event));
  };

  const run = async () => {
    while (!stop.signal.aborted) {
      try {
        await readStream(
          "/api/v1/events",
          lastId,
          stop.signal,
          () => {
            // What happened while nobody listened is in no event without an id to resume from.
            if (!lastId) void cache.invalidateQueries();
            else if (connection === "lost") void cache.invalidateQueries({ predicate: ({ state }) => state.status === "error" });
            tries = 0;
            become("live");
          },
          (sent) => {
            if (sent.id) lastId = sent.id;
            if (sent.event === "reset") void cache.invalidateQueries();
            else take(JSON.parse(sent.data) as Event);
          },
        );
      } catch (broken) {
        if (stop.signal.aborted) return;
        if (broken instanceof ApiError && broken.status === 401) return;
      }
      if (stop.signal.aborted) return;
      become("lost");
      const pause = kPauses[Math.min(tries++, kPauses.length - 1)];
      await new Promise((done) => window.setTimeout(done, pause));
    }
  };
  void run();
  return () => {
    stop.abort();
    window.clearTimeout(timer);
    following = undefined;
    become("connecting");
  };
}
