import type { Role, Stack } from "@/api/client";
import { inOrder } from "./flow";
import { mayNot } from "./may";
import { destinations } from "./shortcuts";
import { waiting } from "./stacks";

export interface Entry {
  group: "Approvals" | "Stacks" | "Stages" | "Go to" | "Do";
  name: string;
  detail?: string;
  to: string;
  keys?: string;
  /** More words it is found by. */
  words?: string;
}

/** All that the palette knows: what waits, stacks, stages, pages, acts. `here` is the stack whose pages are open. */
export function entries(stacks: Stack[], role: Role, here?: string): Entry[] {
  const out: Entry[] = [];
  for (const stack of stacks)
    for (const stage of waiting(stack))
      out.push({
        group: "Approvals",
        name: `Decide on #${stage.approval!.change} for ${stack.name} ${stage.name}`,
        detail: stage.approval!.message,
        to: `/stacks/${stack.name}/stages/${stage.name}/approval`,
        words: "approve reject waits",
      });
  for (const one of destinations(here)) out.push({ group: "Go to", name: one.name, to: one.to, keys: one.keys });
  out.push({ group: "Go to", name: "Regions", to: "/regions", words: "places gateways" });
  if (role === "admin") out.push({ group: "Go to", name: "Tokens", to: "/tokens" }, { group: "Go to", name: "Doctor", to: "/doctor", words: "health problems" }, { group: "Do", name: "New stack", to: "/?new=1", words: "create add" });
  const open = stacks.find((one) => one.name === here);
  if (open) out.push(...acts(open, role));
  for (const stack of stacks) {
    const root = `/stacks/${stack.name}`;
    out.push({ group: "Stacks", name: stack.name, detail: stack.newest && `#${stack.newest.change} ${stack.newest.message ?? ""}`, to: root });
    for (const stage of inOrder(stack)) {
      const name = `${stack.name} ${stage.name}`;
      out.push(
        { group: "Stages", name, detail: stage.state, to: `${root}#${stage.name}` },
        { group: "Stages", name: `${name}: logs`, to: `${root}/stages/${stage.name}/logs` },
        { group: "Stages", name: `${name}: monitoring`, to: `${root}/stages/${stage.name}/monitoring` },
        { group: "Stages", name: `${name}: settings`, to: `${root}/settings/${stage.name}/details`, words: "variables scale" },
      );
    }
  }
  return out;
}

/** What can be done in the stack that is open; the pipeline's page asks before it does. */
function acts(stack: Stack, role: Role): Entry[] {
  const root = `/stacks/${stack.name}`;
  const out: Entry[] = [];
  if (!mayNot(role, "write")) out.push({ group: "Do", name: `Add a stage to ${stack.name}`, to: `${root}?add=end`, words: "new create" });
  for (const stage of inOrder(stack)) {
    const act = (name: string, word: string) =>
      out.push({ group: "Do", name: `${name} ${stage.name}`, to: `${root}?do=${word}&stage=${stage.name}` });
    if (!mayNot(role, "rerun", stage)) {
      if (stage.active && stage.active.state !== "cancelling") act("Cancel the deployment in", "cancel");
      if (stage.current && !stage.active && !stage.waiting) act("Redeploy", "redeploy");
      if (stage.current) act("Roll back", "rollback");
    }
    if (mayNot(role, "decide")) continue;
    if (stage.position !== 1 && !stage.paused) act("Promote a change to", "promote");
    act(stage.paused ? "Resume" : "Pause", stage.paused ? "resume" : "pause");
  }
  return out;
}

/** An entry with what it is found by, in lower case. */
export interface Indexed {
  one: Entry;
  name: string;
  more: string;
}
export const indexed = (all: Entry[]): Indexed[] =>
  all.map((one) => {
    const name = one.name.toLowerCase();
    return { one, name, more: `${name} ${one.detail?.toLowerCase() ?? ""} ${one.words ?? ""}` };
  });

/** The entries that have every typed word, the best first: names that begin with what was typed, then the shorter. */
export function found(all: Indexed[], typed: string, most = 20): Entry[] {
  const words = typed.toLowerCase().split(/[\s/]+/).filter(Boolean);
  if (words.length === 0)
    return all
      .filter(({ one }) => one.group === "Approvals" || one.group === "Go to" || one.group === "Do")
      .slice(0, most)
      .map(({ one }) => one);
  const whole = words.join(" ");
  const hits: { one: Entry; rank: number }[] = [];
  for (const { one, name, more } of all) {
    if (!words.every((word) => more.includes(word))) continue;
    const rank = name === whole ? 0 : name.startsWith(whole) ? 1 : words.every((word) => name.includes(word)) ? 2 : 3;
    hits.push({ one, rank: rank * 1000 + name.length });
  }
  return hits
    .sort((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map((hit) => hit.one);
}
