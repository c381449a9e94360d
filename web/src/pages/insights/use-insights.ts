import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { type Change, client, type Deployment, told } from "@/api/client";
import { onEvent } from "@/api/live";
import { kDay } from "@/lib/insights";

const kPage = 200;
const kPages = 20; // at most 4,000 of each
const kGather = 2000; // ms in which what ends together is read together

interface Read<Item> {
  items: Item[];
  /** There are more in the window than were read. */
  cut: boolean;
}

/** Newest first, until `old` says that the rest is too old, or it is enough. */
async function readWhile<Item>(
  load: (after?: string) => Promise<{ items: Item[]; next: string | null }>,
  old: (item: Item) => boolean,
): Promise<Read<Item>> {
  const items: Item[] = [];
  let after: string | undefined;
  for (let page = 0; page < kPages; page++) {
    const { items: more, next } = await load(after);
    items.push(...more);
    const last = more[more.length - 1];
    if (!next || (last && old(last))) return { items, cut: false };
    after = next;
  }
  return { items, cut: true };
}

export interface Material {
  deployments: Deployment[];
  changes: Map<number, Pick<Change, "at">>;
  /** When what was read begins later than the window: since when it is whole. */
  cutAt?: number;
  readAt: number;
}

/**
 * What the figures are made of: the deployments and changes of so many days, and as many before them (so that what was
 * broken or live when the window began is known). Read anew when a deployment ends; it is not below ["stack", NAME],
 * where each step of each deployment would read all of it again.
 */
export function useMaterial(stack: string, days: number) {
  const cache = useQueryClient();
  useEffect(() => {
    let timer: number | undefined;
    const stop = onEvent((event) => {
      if (event.stack !== stack || event.type !== "DeploymentEnded") return;
      timer ??= window.setTimeout(() => {
        timer = undefined;
        void cache.invalidateQueries({ queryKey: ["insights", stack] });
      }, kGather);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [cache, stack]);
  return useQuery({
    queryKey: ["insights", stack, days],
    staleTime: 0,
    queryFn: async ({ signal }): Promise<Material> => {
      const readAt = Date.now();
      const begin = readAt - 2 * days * kDay;
      const params = (after?: string) => ({ path: { stack }, query: { limit: kPage, after } });
      const deployments = await readWhile(
        (after) => told(client.GET("/api/v1/stacks/{stack}/deployments", { params: params(after), signal })),
        (one) => Date.parse(one.queued_at) < begin,
      );
      // By number and not by time: a check-in's time is its author's clock's, or older than what was pushed before it.
      const first = Math.min(...deployments.items.map((one) => one.change));
      const changes = await readWhile(
        (after) => told(client.GET("/api/v1/stacks/{stack}/changes", { params: params(after), signal })),
        (one) => one.number <= first,
      );
      const oldest = deployments.items[deployments.items.length - 1];
      const from = readAt - days * kDay;
      const cutAt = deployments.cut && oldest && Date.parse(oldest.queued_at) > from ? Date.parse(oldest.queued_at) : undefined;
      return {
        deployments: deployments.items,
        changes: new Map(changes.items.map((one) => [one.number, { at: one.at }])),
        cutAt,
        readAt,
      };
    },
  });
}
