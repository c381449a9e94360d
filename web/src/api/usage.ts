import { queryOptions } from "@tanstack/react-query";
import { client, type Schemas, told } from "./client";

export type Usage = Schemas["Usage"];
export type StageUsage = Schemas["StageUsage"];
export type Prices = Schemas["Prices"];

const kLeast = 10_000; // the server looks no more often

/** Until there is a new point to see, by the server's own word: asking sooner shows nothing new. */
function untilNext(measured: string, next: string): number {
  return Math.max(kLeast, Date.parse(next) - Date.parse(measured)) + 500;
}

/** What a stage used over time; `since` as in "24h". Asked for again with each new point. */
export const usage = (stack: string, stage: string, since: string) =>
  queryOptions({
    queryKey: ["usage", stack, stage, since] as const,
    queryFn: ({ signal }) =>
      told(
        client.GET("/api/v1/stacks/{stack}/stages/{stage}/usage", {
          params: { path: { stack, stage }, query: { since } },
          signal,
        }),
      ),
    refetchInterval: ({ state: { data } }) => (data ? untilNext(data.measured_at, data.next_at) : false),
  });

const kQuiet = 60_000;

/** What the stages of a stack use now, and used in the last hour; a minute old at most. */
export const stackUsage = (stack: string) =>
  queryOptions({
    queryKey: ["usage", stack] as const,
    queryFn: ({ signal }) => told(client.GET("/api/v1/usage", { params: { query: { stack, limit: 1000 } }, signal })),
    staleTime: kQuiet,
    refetchInterval: kQuiet,
  });

/** What hours are reckoned at; empty where nobody has set any. */
export const prices = () =>
  queryOptions({ queryKey: ["prices"] as const, queryFn: ({ signal }) => told(client.GET("/api/v1/prices", { signal })) });
