import type { Schemas } from "@/api/client";
import { bytes } from "./usage";

type View = Schemas["DatabaseView"];
type Backup = Schemas["Backup"];

/** Why a backup was made. */
export const causes: Record<Backup["cause"], string> = {
  asked: "made by hand",
  daily: "daily",
  deleted: "its stage was deleted",
  changed: "the stage got another database",
  replaced: "before it was replaced",
};

const doing = { backup: "It is being backed up", restore: "A backup is being restored", copy: "A copy is being made" };
const done = { backup: "It was backed up", restore: "A backup was restored", copy: "A copy was made" };
const failed = { backup: "The last backup failed", restore: "The last restore failed", copy: "The last copy failed" };

/** How the database is, in a sentence, and how bad that is. */
export function condition(view: View): { text: string; tone: "green" | "yellow" | "gray" } {
  if (view.state === "not_made") return { text: "It is made with the first deployment.", tone: "gray" };
  if (view.state === "unavailable") return { text: `It cannot be used at the moment${view.problem ? `: ${view.problem}` : ""}.`, tone: "yellow" };
  return { text: `It is ready${view.bytes === undefined ? "" : `, ${bytes(view.bytes)}`}.`, tone: "green" };
}

/** What is being done to it, or how what was done last ended. */
export function taskText(view: View): { text: string; tone: "blue" | "gray" | "red" } | undefined {
  const { task, last } = view;
  if (task) return { text: `${doing[task.kind]}${task.from ? ` of ${task.from}` : ""} …`, tone: "blue" };
  if (!last) return undefined;
  if (last.problem) return { text: `${failed[last.kind]}: ${last.problem}`, tone: "red" };
  const what = last.kind === "copy" && last.from ? ` of ${last.from}` : last.backup ? ` (${last.backup})` : "";
  return { text: `${done[last.kind]}${what}.`, tone: "gray" };
}
