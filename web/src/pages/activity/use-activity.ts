import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { client, type Event, type Schemas, told } from "@/api/client";
import { onEvent } from "@/api/live";

type Page = Schemas["EventPage"];
const kPage = 200;

/**
 * The audit trail, newest first, of one stack or of all. An event is written once and never changes, so what comes by the
 * stream is put on top as it is; nothing that was read is read again. Hence it is not below ["activity"], which every event
 * makes stale.
 */
export function useActivity(stack: string | undefined) {
  const cache = useQueryClient();
  const key = useMemo(() => ["audit", stack ?? ""], [stack]);
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      told(client.GET("/api/v1/audit", { params: { query: { stack, limit: kPage, after: pageParam || undefined } }, signal })),
    initialPageParam: "",
    getNextPageParam: (last: Page) => last.next ?? undefined,
    gcTime: 0, // what happens while nobody looks is in no event that is heard here
  });
  useEffect(
    () =>
      onEvent((event) => {
        if (stack !== undefined && event.stack !== stack) return;
        cache.setQueryData<InfiniteData<Page, string>>(key, (old) => {
          const [first, ...rest] = old?.pages ?? [];
          if (!old || !first || first.items.some((one) => one.seq === event.seq)) return old;
          return { ...old, pages: [{ ...first, items: [event, ...first.items] }, ...rest] };
        });
      }),
    [cache, key, stack],
  );
  const events = useMemo<Event[]>(() => {
    const seen = new Set<number>();
    return (query.data?.pages ?? []).flatMap((page) =>
      page.items.filter((one) => {
        if (seen.has(one.seq)) return false;
        seen.add(one.seq);
        return true;
      }),
    );
  }, [query.data]);
  return { ...query, events };
}
