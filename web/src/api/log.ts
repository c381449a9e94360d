import { useEffect, useState, useSyncExternalStore } from "react";
import { LogFeed } from "@/lib/log-feed";
import { LogStore } from "@/lib/log-store";
import { ApiError, toError } from "./client";
import { readStream } from "./stream";

/** `loading` what is there; `live`: what is written now arrives; `lost`: it is tried again; `broken`: it was refused. */
export type LogPhase = "loading" | "live" | "lost" | "done" | "broken";

export interface Log {
  store: LogStore;
  phase: LogPhase;
  error: unknown;
  /** Begins anew. */
  again: () => void;
}

const kPauses = [500, 1000, 2000, 5000, 10000]; // ms

interface Piece {
  text: string;
  next: string;
  finished: boolean;
  /** There may be more right now. */
  more: boolean;
}

const withAfter = (path: string, after: string) =>
  after ? `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(after)}` : path;

async function readPiece(path: string, after: string, signal: AbortSignal): Promise<Piece> {
  const answer = await fetch(withAfter(path, after), { signal, credentials: "same-origin", cache: "no-store" });
  if (!answer.ok) throw toError(answer.status, await answer.json().catch(() => ({})));
  return {
    text: await answer.text(),
    next: answer.headers.get("X-Sluice-Next") || after,
    finished: answer.headers.get("X-Sluice-Finished") === "true",
    more: answer.headers.get("X-Sluice-More") === "true",
  };
}

/** Reads what there is in pieces, then follows it; goes on where it was after the connection broke. */
async function follow(path: string, feed: LogFeed, signal: AbortSignal, become: (phase: LogPhase) => void): Promise<void> {
  let after = "";
  for (let tries = 0; ; ) {
    try {
      for (;;) {
        const piece = await readPiece(path, after, signal);
        feed.text(piece.text);
        after = piece.next;
        tries = 0;
        if (piece.finished) return become("done");
        if (!piece.more) break;
      }
      let ended = false;
      await readStream(
        path,
        after,
        signal,
        () => become("live"),
        (sent) => {
          if (sent.event === "end") ended = true;
          else {
            feed.event(sent.data);
            after = sent.id || after;
          }
        },
      );
      if (ended) return become("done");
    } catch (broken) {
      if (signal.aborted) return;
      if (broken instanceof ApiError && broken.status >= 400 && broken.status < 500 && broken.status !== 429) throw broken;
    }
    if (signal.aborted) return;
    become("lost");
    await new Promise((done) => window.setTimeout(done, kPauses[Math.min(tries++, kPauses.length - 1)]));
  }
}

// A phone has less to give.
const mostCharacters = () => {
  const gigabytes = (navigator as Navigator & { deviceMemory?: number }).deviceMemory ?? 8;
  return Math.min(128, gigabytes * 16) * 1024 * 1024;
};

/**
 * A log of the API (`path` with its query, without `after`), read and followed while the component is there. `mixed`:
 * several programs write it. `present`: how a line is shown; a function that stays the same.
 */
export function useLog(path: string, { mixed = false, present }: { mixed?: boolean; present?: (line: string) => string } = {}): Log {
  const [attempt, setAttempt] = useState(0);
  const [blank] = useState(() => ({ of: "", store: new LogStore(0), phase: "loading" as LogPhase, error: null as unknown }));
  const [log, setLog] = useState(blank);
  useEffect(() => {
    const stop = new AbortController();
    const store = new LogStore(mostCharacters(), !mixed);
    const become = (phase: LogPhase, error: unknown = null) => {
      if (!stop.signal.aborted) setLog({ of: path, store, phase, error });
    };
    become("loading");
    follow(path, new LogFeed(store, present), stop.signal, become).catch((error: unknown) => become("broken", error));
    return () => stop.abort();
  }, [path, mixed, present, attempt]);
  const { store, phase, error } = log.of === path ? log : blank; // never the lines of another log
  return { store, phase, error, again: () => setAttempt((n) => n + 1) };
}

/** Draws anew when lines were added, once a frame. */
export function useLogVersion(store: LogStore): number {
  return useSyncExternalStore(
    (tell) => {
      let frame = 0;
      const stop = store.watch(() => {
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          tell();
        });
      });
      return () => {
        stop();
        cancelAnimationFrame(frame);
      };
    },
    () => store.version,
  );
}

/** The whole log as the API gives it, with times and colours. */
export async function wholeLog(path: string): Promise<Blob> {
  const parts: Blob[] = [];
  const never = new AbortController().signal;
  for (let after = ""; ; ) {
    const piece = await readPiece(path, after, never);
    if (piece.text) parts.push(new Blob([piece.text]));
    if (piece.finished || !piece.more) return new Blob(parts, { type: "text/plain;charset=utf-8" });
    after = piece.next;
  }
}
