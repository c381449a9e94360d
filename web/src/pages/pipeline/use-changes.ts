import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Change, client, type Stack, told } from "@/api/client";
import { change, keys } from "@/api/queries";

/** The changes that the pipeline shows, by number: the newest, and older ones that a stage still runs. */
export function useChanges(stack: Stack): Map<number, Change> {
  const newest = useQuery({
    queryKey: [...keys.changes(stack.name), "newest"],
    queryFn: ({ signal }) =>
      told(client.GET("/api/v1/stacks/{stack}/changes", { params: { path: { stack: stack.name }, query: { limit: 30 } }, signal })),
  });
  const items = newest.data?.items;
  const missing = useMemo(() => {
    if (!items) return [];
    const have = new Set(items.map((one) => one.number));
    const wanted = stack.stages.flatMap((stage) => [stage.current?.change, stage.active?.change, stage.approval?.change]);
    return [...new Set(wanted)].filter((one): one is number => one !== undefined && !have.has(one));
  }, [items, stack]);
  const older = useQueries({ queries: missing.map((number) => change(stack.name, number)) });
  const all = new Map((items ?? []).map((one) => [one.number, one]));
  for (const one of older) if (one.data) all.set(one.data.number, one.data);
  return all;
}
