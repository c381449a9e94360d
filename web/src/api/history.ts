import { type InfiniteData, queryOptions, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { type Page, withItem, withNewest } from "@/lib/pages";
import { type Change, client, type Deployment, type Event, told } from "./client";
import { onEvent } from "./live";

const kPage = 100; // items a request
const kGather = 100; // ms in which events that come together are answered by one round of requests
const kKept = 5; // pages that are kept, and read anew, when one comes back to a list

/** All deployments of one change, newest first; of more than 200 the newest. */
export const deploymentsOf = (stack: string, change: number) =>
  queryOptions({
    queryKey: ["stack", stack, "deployments of", change],
    queryFn: async ({ signal }) =>
      (
        await told(
          client.GET("/api/v1/stacks/{stack}/deployments", {
            params: { path: { stack }, query: { change, limit: 200 } },
            signal,
          }),
        )
      ).items,
  });

/** What was asked about one change, whatever became of it, newest first. */
export const approvalsOf = (stack: string, change: number) =>
  queryOptions({
    queryKey: ["stack", stack, "approvals of", change],
    queryFn: async ({ signal }) =>
      (await told(client.GET("/api/v1/approvals", { params: { query: { stack, change, limit: 200 } }, signal }))).items,
  });

/** What was asked last at a stage's gate (about this change, when it is given), whatever became of it. */
export const lastApproval = (stack: string, stage: string, change?: number) =>
  queryOptions({
    queryKey: ["stack", stack, "approval", stage, "last", change ?? 0],
    queryFn: async ({ signal }) =>
      (await told(client.GET("/api/v1/approvals", { params: { query: { stack, stage, change, limit: 1 } }, signal })))
        .items[0] ?? null,
  });

interface List<Item> {
  stack: string;
  key: readonly unknown[];
  load: (after: string, signal?: AbortSignal) => Promise<Page<Item>>;
  id: (item: Item) => string | number;
  /** What an event touches, and how that is read anew when it is not on the newest page. */
  touched: (event: Event) => string | number | undefined;
  one: (id: string | number) => Promise<Item>;
}

// What a stage's coming or going changes is in every item.
const reshapes = new Set(["StageAdded", "StageDeletionBegan", "StageDeleted"]);

/**
 * A long list that stays live without reading all of it again at every event: the newest page is read and merged, an older
 * item that an event names is read by itself. It is not below ["stack", NAME], where each event would make all pages stale.
 */
function useLongList<Item>({ stack, key, load, id, touched, one }: List<Item>) {
  const cache = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => load(pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    refetchOnMount: "always",
    structuralSharing: false, // it would compare all that is loaded with itself at every page
  });
  const name = JSON.stringify(key);
  useEffect(() => {
    let timer: number | undefined;
    let stopped = false;
    let all = false;
    const waiting = new Set<string | number>();
    const change = (make: (pages: Page<Item>[]) => Page<Item>[]) =>
      cache.setQueryData<InfiniteData<Page<Item>, string>>(key, (old) => {
        if (!old) return old;
        const pages = make(old.pages);
        return pages === old.pages ? old : { pages, pageParams: old.pageParams.slice(0, pages.length) };
      });
    const settle = async () => {
      timer = undefined;
      if (stopped) return;
      // A page that is being loaded would overwrite what is merged now.
      if (cache.isFetching({ queryKey: key, exact: true }) > 0) return arm();
      if (all) {
        all = false;
        waiting.clear();
        return void cache.invalidateQueries({ queryKey: key });
      }
      const ids = [...waiting];
      waiting.clear();
      try {
        const fresh = await load("");
        if (stopped) return;
        if (cache.isFetching({ queryKey: key, exact: true }) > 0) {
          ids.forEach((each) => waiting.add(each));
          return arm();
        }
        change((pages) => withNewest(pages, fresh, id));
        const known = new Set(fresh.items.map(id));
        for (const each of ids) {
          if (known.has(each)) continue;
          const item = await one(each);
          change((pages) => withItem(pages, item, id));
        }
      } catch {
        void cache.invalidateQueries({ queryKey: key });
      }
    };
    const arm = () => {
      if (!stopped) timer ??= window.setTimeout(() => void settle(), kGather);
    };
    const stop = onEvent((event) => {
      if (event.stack !== stack) return;
      if (reshapes.has(event.type)) all = true;
      const what = touched(event);
      if (what !== undefined) waiting.add(what);
      arm();
    });
    return () => {
      stopped = true;
      stop();
      window.clearTimeout(timer);
      change((pages) => (pages.length > kKept ? pages.slice(0, kKept) : pages));
    };
    // The functions belong to the key.
  }, [cache, name]);

  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  return { ...list, items };
}

/** A stack's changes, newest first; `commit`: only those whose hash begins so. */
export const useChanges = (stack: string, commit: string) =>
  useLongList<Change>({
    stack,
    key: ["history", stack, "changes", commit],
    load: (after, signal) =>
      told(
        client.GET("/api/v1/stacks/{stack}/changes", {
          params: { path: { stack }, query: { limit: kPage, after: after || undefined, commit: commit || undefined } },
          signal,
        }),
      ),
    id: (change) => change.number,
    touched: (event) => event.change,
    one: (change) =>
      told(
        client.GET("/api/v1/stacks/{stack}/changes/{change}", { params: { path: { stack, change: Number(change) } } }),
      ),
  });

/** A stack's deployments, newest first; `stage`: only those of it. */
export const useDeployments = (stack: string, stage: string) =>
  useLongList<Deployment>({
    stack,
    key: ["history", stack, "deployments", stage],
    load: (after, signal) =>
      told(
        client.GET("/api/v1/stacks/{stack}/deployments", {
          params: { path: { stack }, query: { limit: kPage, after: after || undefined, stage: stage || undefined } },
          signal,
        }),
      ),
    id: (deployment) => deployment.id,
    touched: (event) => event.deployment,
    one: (deployment) =>
      told(client.GET("/api/v1/deployments/{deployment}", { params: { path: { deployment: String(deployment) } } })),
  });
