import type { Change, Role, Stack, Stage } from "@/api/client";
import { Promote } from "./act-promote";
import { Redeploy } from "./act-redeploy";
import { Rollback } from "./act-rollback";
import { Plain } from "./act-plain";

const acts = ["redeploy", "rollback", "promote", "pause", "resume", "retry", "cancel", "cancel-waiting"] as const;
/** What a person makes a stage do; the word stands in the page's address while it is asked about. */
export type Act = (typeof acts)[number];
export const isAct = (text: string | null): text is Act => acts.some((one) => one === text);

export interface ActProps {
  stack: Stack;
  stage: Stage;
  role: Role;
  changes: Map<number, Change>;
  close: () => void;
}

/** Says what will happen and asks; then does it. */
export function ActDialog({ act, ...props }: ActProps & { act: Act }) {
  if (act === "redeploy") return <Redeploy {...props} />;
  if (act === "rollback") return <Rollback {...props} />;
  if (act === "promote") return <Promote {...props} />;
  return <Plain act={act} {...props} />;
}
