import { queryOptions } from "@tanstack/react-query";
import { client, type Stack, type Stage, told } from "./client";
import { keys } from "./queries";
import type { Variables } from "@/lib/variables";

/** What can be edited, with the ETag that names it as it was read. */
export interface Tagged<T> {
  value: T;
  etag: string;
}

export async function tagged<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Tagged<NonNullable<T>>> {
  let etag = "";
  const value = await told(
    request.then((answer) => {
      etag = answer.response.headers.get("ETag") ?? "";
      return answer;
    }),
  );
  return { value, etag };
}

export const stackSettings = (stack: string) =>
  queryOptions({
    queryKey: [...keys.stack(stack), "settings"],
    queryFn: ({ signal }): Promise<Tagged<Stack>> =>
      tagged(client.GET("/api/v1/stacks/{stack}", { params: { path: { stack } }, signal })),
  });

export const stageSettings = (stack: string, stage: string) =>
  queryOptions({
    queryKey: [...keys.stack(stack), "settings", stage],
    queryFn: ({ signal }): Promise<Tagged<Stage>> =>
      tagged(client.GET("/api/v1/stacks/{stack}/stages/{stage}", { params: { path: { stack, stage } }, signal })),
  });

export const accessKeys = (stack: string, stage: string) =>
  queryOptions({
    queryKey: [...keys.stack(stack), "keys", stage],
    queryFn: ({ signal }) => told(client.GET("/api/v1/stacks/{stack}/stages/{stage}/keys", { params: { path: { stack, stage } }, signal })),
  });

export const certificates = (stack: string, stage: string) =>
  queryOptions({
    queryKey: [...keys.stack(stack), "certificates", stage],
    queryFn: ({ signal }) => told(client.GET("/api/v1/stacks/{stack}/stages/{stage}/certificates", { params: { path: { stack, stage } }, signal })),
    // Of refusals in a row only the first is an event.
    refetchInterval: ({ state }) => (state.data?.items.some((one) => one.obtaining) ? 2000 : false),
  });

export const databaseOf = (stack: string, stage: string) =>
  queryOptions({
    queryKey: [...keys.stack(stack), "database", stage],
    queryFn: ({ signal }) => told(client.GET("/api/v1/stacks/{stack}/stages/{stage}/database", { params: { path: { stack, stage } }, signal })),
  });

export const stageBackups = (stack: string, stage: string) =>
  queryOptions({
    queryKey: [...keys.stack(stack), "backups", stage],
    queryFn: ({ signal }) =>
      told(client.GET("/api/v1/stacks/{stack}/stages/{stage}/database/backups", { params: { path: { stack, stage }, query: { limit: 200 } }, signal })),
  });

export type VariableKind = "build" | "runtime";
export const variables = (stack: string, stage: string, kind: VariableKind) =>
  queryOptions({
    queryKey: keys.variables(stack, stage, kind),
    queryFn: ({ signal }): Promise<Tagged<Variables>> =>
      tagged(
        client.GET("/api/v1/stacks/{stack}/stages/{stage}/variables/{kind}", { params: { path: { stack, stage, kind } }, signal }),
      ),
  });
