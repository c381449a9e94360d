import type { Role } from "@/api/client";

/** What a person can be kept from (R8.7). The server decides; this is so that nothing is offered that it would refuse. */
export type Act = "write" | "decide" | "admin" | "rerun";

/** Why this role may not, or undefined when it may. `rerun` (redeploy, roll back, retry, cancel) asks where. */
export function mayNot(role: Role, act: Act, at?: { name: string; requires_approval: boolean }): string | undefined {
  if (role === "admin") return undefined;
  if (role === "viewer") return "A viewer may only read; ask an admin for another role.";
  if (act === "decide" || act === "admin") return "Only an admin may.";
  if (act === "rerun" && at?.requires_approval) return `${at.name} requires approval: only an admin may.`;
  return undefined;
}
