import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { client, type Stack, told } from "./client";

/**
 * The names of what the cache holds. Everything of a stack is below ["stack", NAME], so that an event of it makes all of
 * that stale at once; a page that adds a query of a stack puts it there.
 */
export const keys = {
  me: () => ["me"] as const,
  stacks: () => ["stacks"] as const,
  stack: (stack: string) => ["stack", stack] as const,
  approvals: () => ["approvals"] as const,
  approval: (stack: string, stage: string) => ["stack", stack, "approval", stage] as const,
  changes: (stack: string) => ["stack", stack, "changes"] as const,
  change: (stack: string, change: number) => ["stack", stack, "changes", change] as const,
  deployments: (stack: string, stage?: string) => ["stack", stack, "deployments", stage ?? ""] as const,
  deployment: (id: string) => ["deployment", id] as const,
  comparison: (stack: string, id: string, other: string) => ["stack", stack, "comparison", id, other] as const,
  variables: (stack: string, stage: string, kind: string) => ["stack", stack, "variables", stage, kind] as const,
  activity: () => ["activity"] as const,
  tokens: () => ["tokens"] as const,
  regions: () => ["regions"] as const,
  findings: () => ["doctor"] as const,
};

export const me = () =>
  queryOptions({ queryKey: keys.me(), queryFn: () => told(client.GET("/api/v1/me")), staleTime: Infinity });

/** All stacks, in the order of the API; a page of 200 a request. */
export const stacks = () =>
  queryOptions({
    queryKey: keys.stacks(),
    queryFn: async ({ signal }) => {
      const all: Stack[] = [];
      for (let after: string | undefined; ; ) {
        const page = await told(client.GET("/api/v1/stacks", { params: { query: { limit: 200, after } }, signal }));
        all.push(...page.items);
        if (!page.next) return all;
        after = page.next;
      }
    },
  });

/** A stack with its stages in order. */
export const stack = (name: string) =>
  queryOptions({
    queryKey: keys.stack(name),
    queryFn: ({ signal }) => told(client.GET("/api/v1/stacks/{stack}", { params: { path: { stack: name } }, signal })),
  });

export const approvals = () =>
  queryOptions({
    queryKey: keys.approvals(),
    queryFn: ({ signal }) =>
      told(client.GET("/api/v1/approvals", { params: { query: { state: "pending", limit: 200 } }, signal })),
  });

/** What would ship, and what R4.3 asks to be shown. */
export const approval = (name: string, stage: string) =>
  queryOptions({
    queryKey: keys.approval(name, stage),
    queryFn: ({ signal }) =>
      told(
        client.GET("/api/v1/stacks/{stack}/stages/{stage}/approval", { params: { path: { stack: name, stage } }, signal }),
      ),
  });

/** What looking at the server and its machine gives; admins only. */
export const findings = () =>
  queryOptions({ queryKey: keys.findings(), queryFn: ({ signal }) => told(client.GET("/api/v1/doctor", { signal })) });

export const change = (name: string, number: number) =>
  queryOptions({
    queryKey: keys.change(name, number),
    queryFn: ({ signal }) =>
      told(
        client.GET("/api/v1/stacks/{stack}/changes/{change}", {
          params: { path: { stack: name, change: number } },
          signal,
        }),
      ),
  });

export const deployment = (id: string) =>
  queryOptions({
    queryKey: keys.deployment(id),
    queryFn: ({ signal }) =>
      told(client.GET("/api/v1/deployments/{deployment}", { params: { path: { deployment: id } }, signal })),
  });

/** What differs between a deployment and another to its stage; `other` empty: what ran before it. */
export const comparison = (name: string, id: string, other: string) =>
  queryOptions({
    queryKey: keys.comparison(name, id, other),
    queryFn: ({ signal }) =>
      told(
        client.GET("/api/v1/deployments/{deployment}/comparison", {
          params: { path: { deployment: id }, query: { with: other || undefined } },
          signal,
        }),
      ),
  });

/** The newest deployments to a stage. */
export const stageDeployments = (name: string, stage: string) =>
  queryOptions({
    queryKey: keys.deployments(name, stage),
    queryFn: ({ signal }) =>
      told(
        client.GET("/api/v1/stacks/{stack}/deployments", {
          params: { path: { stack: name }, query: { stage, limit: 100 } },
          signal,
        }),
      ),
  });

/** Fetches one stack anew and puts it into the list, too, which is not fetched again for one of its 2,000. */
export async function refreshStack(cache: QueryClient, name: string): Promise<void> {
  const parts = cache.invalidateQueries({ queryKey: keys.stack(name) });
  const listed = cache.getQueryData<Stack[]>(keys.stacks());
  if (listed) {
    try {
      const fresh = await cache.fetchQuery({ ...stack(name), staleTime: 20 });
      cache.setQueryData<Stack[]>(keys.stacks(), (all) =>
        !all ? all : all.some((one) => one.id === fresh.id) ? all.map((one) => (one.id === fresh.id ? fresh : one)) : [...all, fresh],
      );
    } catch {
      await cache.invalidateQueries({ queryKey: keys.stacks() }); // it is gone, or the server is
    }
  }
  await parts;
}
