import type { Prices, Usage } from "@/api/usage";
import { plural } from "./words";

/*
 * What a stage used, in the form that charts and tables want: one value a step, also for the steps in which there was
 * nothing and which the API leaves out.
 */

export interface Series {
  /** When each step begins; milliseconds. */
  at: number[];
  /** Milliseconds from one to the next. */
  step: number;
  instances: number[];
  /** Of one processor. */
  cpu: number[];
  /** Bytes. */
  memory: number[];
  /** A minute. */
  requests: number[];
  clientErrors: number[];
  serverErrors: number[];
  /** Milliseconds; null where there was no request. */
  p50: (number | null)[];
  p95: (number | null)[];
  p99: (number | null)[];
}

export function seriesOf(usage: Usage): Series {
  const step = usage.step * 1000;
  const since = Date.parse(usage.since);
  // What begins after the last look is not known yet.
  const end = Math.min(Date.parse(usage.until), Date.parse(usage.measured_at));
  const count = Math.max(1, Math.ceil((end - since) / step));
  const zeros = () => Array.from({ length: count }, () => 0);
  const gaps = () => Array.from({ length: count }, (): number | null => null);
  const out: Series = {
    at: zeros().map((_, i) => since + i * step),
    step,
    instances: zeros(),
    cpu: zeros(),
    memory: zeros(),
    requests: zeros(),
    clientErrors: zeros(),
    serverErrors: zeros(),
    p50: gaps(),
    p95: gaps(),
    p99: gaps(),
  };
  for (const point of usage.points) {
    const i = Math.round((Date.parse(point.at) - since) / step);
    if (i < 0 || i >= count) continue;
    const minutes = Math.min(step, Math.max(1000, end - (since + i * step))) / 60_000;
    out.instances[i] = point.instances;
    out.cpu[i] = point.cpu;
    out.memory[i] = point.memory;
    out.requests[i] = point.requests / minutes;
    out.clientErrors[i] = point.client_errors / minutes;
    out.serverErrors[i] = point.server_errors / minutes;
    out.p50[i] = point.p50 ?? null;
    out.p95[i] = point.p95 ?? null;
    out.p99[i] = point.p99 ?? null;
  }
  return out;
}

/** Those that stand closer to the one before than `apart` milliseconds, together; in the order of time. */
export function togetherWithin<Item extends { at: string }>(items: Item[], apart: number): Item[][] {
  const out: Item[][] = [];
  for (const item of items) {
    const place = out[out.length - 1];
    const last = place?.[place.length - 1];
    if (place && last && Date.parse(item.at) - Date.parse(last.at) < apart) place.push(item);
    else out.push([item]);
  }
  return out;
}

/** The next of 1, 2, 5, 10, 20 … that is not less: where an axis ends. */
export function ceilingOf(value: number, least: number): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([1, 2, 5, 10].find((one) => one * power >= wanted * 0.999) ?? 10) * power;
}

const units = ["B", "KB", "MB", "GB", "TB"];
/** "412 MB"; a unit is a power of 1024. */
export function bytes(value: number): string {
  let unit = 0;
  let left = value;
  for (; left >= 1024 && unit + 1 < units.length; left /= 1024) unit++;
  return `${left.toFixed(unit > 0 && left < 10 ? 1 : 0)} ${units[unit]}`;
}
/** Where an axis of bytes ends: a ceiling within its unit. */
export function bytesCeiling(value: number): number {
  let unit = 1024 * 1024;
  while (value / unit >= 1024) unit *= 1024;
  return Math.min(ceilingOf(value / unit, 1), 1024) * unit;
}

/** "0.4", "12", "1,240": as many digits as say something. */
export const amount = (value: number): string =>
  value.toLocaleString(undefined, { maximumFractionDigits: value >= 100 ? 0 : value >= 1 ? 1 : 2 });

export const money = (value: number, currency: string): string =>
  `${currency} ${value.toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: value > 0 && value < 0.1 ? 4 : 2 })}`;

export const kMonthHours = 720;

/** What so many instances are in a month of 30 days, whether or not anybody asks them for anything. */
export function monthOf(instances: number, prices: Prices | undefined): string {
  if (!Number.isFinite(instances) || instances <= 0) return "No instance: no instance hours.";
  const hours = instances * kMonthHours;
  const price = prices?.currency && prices.instance_hour ? `, ${money(hours * prices.instance_hour, prices.currency)}` : "";
  return `${plural(instances, "instance")}: ${amount(hours)} instance hours a month${price}, used or not.`;
}

/** How much of what ran was idle; nothing where there is too little to say. */
export function idleOf(totals: Usage["totals"], span: string): string | undefined {
  const { instance_hours: all, idle_instance_hours: idle } = totals;
  if (all < 1) return undefined;
  const cost = totals.cost ? ` (${money(totals.cost.idle, totals.cost.currency)})` : "";
  return `In the last ${span}, ${amount(idle)} of ${amount(all)} instance hours${cost} passed without a request for a quarter of an hour or longer.`;
}
