import type { Change, Deployment } from "@/api/client";

/*
 * Four figures of how well delivery goes, of one stage over a window of days. The definitions are on the page, too.
 * A delivery is a deployment that brings a change by going forward: of the flow, initial, promoted, or a retry of these.
 * Redeploys and rollbacks are none. Cancelled and superseded ones do not count.
 */

export interface Window {
  /** Milliseconds; `to` is now. */
  from: number;
  to: number;
}
export const kDay = 86_400_000;
export const lastDays = (days: number, now: number): Window => ({ from: now - days * kDay, to: now });

const forward = new Set(["flow", "initial", "promote"]);
const delivers = (one: Deployment) => forward.has(one.kind === "retry" ? (one.repeats ?? "flow") : one.kind);
const goesBack = (one: Deployment) => (one.kind === "retry" ? one.repeats : one.kind) === "rollback";
const end = (one: Deployment) => Date.parse(one.ended_at ?? "");
const within = (window: Window, at: number) => at >= window.from && at < window.to;

export interface Point {
  at: number;
  change: number;
  deployment: string;
  /** Milliseconds. */
  took: number;
}
export interface Tried {
  change: number;
  /** When it was known: the first end, or the rollback. */
  at: number;
  failed: boolean;
}
export interface Insights {
  /** Deliveries that succeeded, oldest first; `took` from the check-in, NaN where that is not known. */
  deliveries: Point[];
  /** Per day. */
  frequency: number;
  /** Of each change that became live here for the first time, from its check-in. */
  lead: Point[];
  leadMedian?: number;
  /** Changes that became live here for the first time whose check-in is not known; `lead` is without them. */
  leadUnknown: number;
  tried: Tried[];
  /** 0 to 1. */
  failureRate?: number;
  /** From what went wrong to what mended it. */
  restored: Point[];
  restoreMedian?: number;
  /** Since when something is wrong that is not mended. */
  brokenSince?: number;
}

export function median(values: number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? NaN;
  return sorted.length % 2 ? high : ((sorted[middle - 1] ?? NaN) + high) / 2;
}

/** Of one stage: `deployments` of it in any order, those before the window too where they are known; `changes` by number. */
export function insightsOf(deployments: Deployment[], changes: Map<number, Pick<Change, "at">>, window: Window): Insights {
  const ended = deployments
    .filter((one) => (one.state === "succeeded" || one.state === "failed") && end(one) < window.to)
    .sort((a, b) => end(a) - end(b));

  const deliveries: Point[] = [];
  const lead: Point[] = [];
  let leadUnknown = 0;
  const wasLive = new Set<number>();
  const tried = new Map<number, Tried>();
  const restored: Point[] = [];
  let broken: { since: number; change: number } | undefined;
  let serves: number | undefined; // the change that serves, as far as it is known

  for (const one of ended) {
    const at = end(one);
    const inside = within(window, at);
    const known = changes.get(one.change);
    if (one.state === "failed") {
      if (delivers(one)) {
        if (inside && !tried.get(one.change)?.failed) tried.set(one.change, { change: one.change, at, failed: true });
        broken ??= { since: at, change: one.change };
      }
      continue;
    }
    if (goesBack(one)) {
      const asked = Date.parse(one.queued_at);
      // What was left by the rollback failed after it was live.
      if (serves !== undefined && serves !== one.change && inside && !tried.get(serves)?.failed)
        tried.set(serves, { change: serves, at, failed: true });
      broken ??= { since: asked, change: serves ?? one.change };
    }
    if (broken && (delivers(one) || goesBack(one))) {
      if (inside) restored.push({ at, change: one.change, deployment: one.id, took: at - broken.since });
      broken = undefined;
    }
    if (delivers(one)) {
      const took = known ? at - Date.parse(known.at) : NaN;
      const point = { at, change: one.change, deployment: one.id, took };
      if (inside) {
        deliveries.push(point);
        if (!tried.has(one.change)) tried.set(one.change, { change: one.change, at, failed: false });
        if (!wasLive.has(one.change)) {
          if (known) lead.push(point);
          else leadUnknown++;
        }
      }
      wasLive.add(one.change);
    }
    serves = one.change;
  }

  const all = [...tried.values()].sort((a, b) => a.at - b.at);
  const days = (window.to - window.from) / kDay;
  return {
    deliveries,
    frequency: deliveries.length / days,
    lead,
    leadMedian: median(lead.map((one) => one.took)),
    leadUnknown,
    tried: all,
    failureRate: all.length > 0 ? all.filter((one) => one.failed).length / all.length : undefined,
    restored,
    restoreMedian: median(restored.map((one) => one.took)),
    brokenSince: broken?.since,
  };
}

export interface Bin<Item> {
  from: number;
  to: number;
  items: Item[];
}

/** The window cut in pieces of whole days that end at midnight of the reader's zone; days when 31 at most, else weeks. */
export function bins<Item extends { at: number }>(items: Item[], window: Window): Bin<Item>[] {
  const days = Math.round((window.to - window.from) / kDay);
  const step = days > 31 ? 7 : 1;
  const last = new Date(window.to);
  last.setHours(24, 0, 0, 0);
  const out: Bin<Item>[] = [];
  for (let end = last; end.getTime() > window.from && out.length < days / step; ) {
    const from = new Date(end);
    from.setDate(from.getDate() - step);
    out.unshift({ from: from.getTime(), to: end.getTime(), items: [] });
    end = from;
  }
  // What lies before the first midnight of the window belongs to its first piece.
  for (const item of items) (out.find((bin) => item.at < bin.to && item.at >= bin.from) ?? out[0])?.items.push(item);
  return out;
}

/** "2.3 a day", "3 a week", "1 a month": in the largest unit that is at least one. */
export function perTime(perDay: number): string {
  if (perDay <= 0) return "none";
  const round = (value: number) => (value < 10 ? value.toFixed(1).replace(/\.0$/, "") : String(Math.round(value)));
  if (perDay >= 1) return `${round(perDay)} a day`;
  if (perDay * 7 >= 1) return `${round(perDay * 7)} a week`;
  return `${round(perDay * 30)} a month`;
}

/** A nice upper end of an axis: 1, 2 or 5 times a power of ten. */
export function ceiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const lead = [1, 2, 5, 10].find((one) => value <= one * power * (1 + 1e-9)) ?? 10;
  return lead * power;
}

const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400].map((s) => s * 1000);
/** Of an axis of durations: the next round one, in seconds, minutes, hours or days. */
export function durationCeiling(milliseconds: number): number {
  return steps.find((one) => milliseconds <= one) ?? ceiling(milliseconds / kDay) * kDay;
}
