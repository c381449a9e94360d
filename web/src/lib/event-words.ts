import type { Event } from "@/api/client";
import { headline, plural } from "./words";

// What happened, as one plain sentence an event. The list of types is the server's (src/pipeline/events.h).

export const eventTypes = [
  "StackCreated",
  "SourceChanged",
  "StackDeletionBegan",
  "StackDeleted",
  "CheckedIn",
  "StageAdded",
  "StageChanged",
  "SettingsSaved",
  "SettingsAdopted",
  "KeyAdded",
  "KeyRevoked",
  "CachePurged",
  "CertificateNoted",
  "StageDeletionBegan",
  "StageDeletionForced",
  "StageDeleted",
  "StagePaused",
  "StageResumed",
  "OfferHeld",
  "HeldSuperseded",
  "HeldReleased",
  "ApprovalAsked",
  "ApprovalDecided",
  "ApprovalSuperseded",
  "ApprovalWithdrawn",
  "DeploymentQueued",
  "DeploymentStarted",
  "StepBegan",
  "StepNoted",
  "ArtifactBuilt",
  "InstancesStarted",
  "CancelBegan",
  "DeploymentEnded",
  "ScaleBegan",
  "ScaleEnded",
  "RetireBegan",
  "RetireEnded",
  "StageRested",
  "StageRoused",
  "TaskBegan",
  "TaskEnded",
  "ChoreDelayed",
] as const;
export type EventType = (typeof eventTypes)[number];

/** What an event is about, for a filter. `step`: the machine at work, which is not shown unless asked for. */
export type EventKind = "check-in" | "approval" | "deployment" | "settings" | "stage" | "step";

/** A piece of a sentence: words, or a name that leads somewhere. */
export type Piece = string | { to: string; text: string };

const text = (value: unknown): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");
const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(text).filter(Boolean) : []);
const part = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
/** Of what a program said: the first line, without the full stop that the sentence has itself. */
const firstLine = (value: unknown): string => (text(value).split("\n", 1)[0] ?? "").replace(/[.:]+$/, "");
const quoted = (value: unknown): string => (text(value).trim() ? `: “${headline(text(value))}”` : "");

/** "A", "A and B", "A, B and C"; more than five are counted. */
export function enumerate(names: string[]): string {
  if (names.length > 5) return `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

/** "runtime/A", "build/B" as "runtime variable A and build variable B". */
function variables(names: string[]): string {
  const of = (kind: string) => names.filter((name) => name.startsWith(`${kind}/`)).map((name) => name.slice(kind.length + 1));
  const said = (["build", "runtime"] as const)
    .map((kind) => [kind, of(kind)] as const)
    .filter(([, some]) => some.length > 0)
    .map(([kind, some]) => `the ${kind} variable${some.length === 1 ? "" : "s"} ${enumerate(some)}`);
  return said.length > 0 ? said.join(" and ") : "variables";
}

const at = (event: Event) => `/stacks/${event.stack}`;
const stage = (event: Event): Piece => event.stage || text(event["name"]) || "a stage";
const change = (event: Event): Piece =>
  event.change ? { to: `${at(event)}/changes/${event.change}`, text: `#${event.change}` } : "a change";
const deployment = (event: Event, words: string): Piece =>
  event.deployment ? { to: `${at(event)}/deployments/${event.deployment}`, text: words } : words;
const accessKey = (event: Event): string => (text(event["name"]) ? `the access key ${text(event["name"])}` : "an access key");
function certificate(event: Event): Piece[] {
  const domain = text(event["domain"]) || "a domain";
  switch (text(event["fate"])) {
    case "obtained":
      return [`got a certificate for ${domain} of `, stage(event), "."];
    case "refused":
      return [`got no certificate for ${domain} of `, stage(event), "."];
    case "removed":
      return [`took the certificate of ${domain} of `, stage(event), " away."];
    default:
      return [`gave ${domain} of `, stage(event), " a certificate."];
  }
}
const stack = (event: Event): Piece => ({ to: at(event), text: event.stack });

/** What the flow queues is nobody's act; what a person asked for is. */
function queued(event: Event): Piece[] {
  const who = isServer(event) ? undefined : event.by;
  switch (event.kind) {
    case "initial":
      return [change(event), " is to be the first ", deployment(event, "deployment"), " of ", stage(event), "."];
    case "redeploy":
      return who
        ? [who, " asked to ", deployment(event, "redeploy"), " ", change(event), " in ", stage(event), "."]
        : [change(event), " is ", deployment(event, "redeployed"), " in ", stage(event), ", with the settings of now."];
    case "retry":
      return [who ?? "Sluice", " asked to ", deployment(event, "try"), " ", change(event), " again in ", stage(event), "."];
    case "rollback":
      return [who ?? "Sluice", " asked to ", deployment(event, "roll back"), " ", stage(event), " to ", change(event), "."];
    case "promote":
      return [who ?? "Sluice", " ", deployment(event, "promoted"), " ", change(event), " to ", stage(event), "."];
    default:
      return [change(event), " is ", deployment(event, "queued"), " in ", stage(event), "."];
  }
}

function ended(event: Event): Piece[] {
  const what: Piece[] = [deployment(event, "The deployment"), " of ", change(event), " to ", stage(event)];
  switch (event.state) {
    case "succeeded":
      return [change(event), " is ", deployment(event, "live"), " in ", stage(event), "."];
    case "failed":
      return [...what, ` failed${text(event.step) ? ` while ${text(event.step)}` : ""}${event.error ? `: ${firstLine(event.error)}` : ""}.`];
    case "cancelled":
      return [...what, ` was cancelled${event.error ? `: ${firstLine(event.error)}` : ""}.`];
    case "superseded":
      return event["returned"]
        ? [...what, " went back to the gate."]
        : [...what, event.superseded_by ? ` was superseded by #${event.superseded_by}.` : " was superseded."];
    default:
      return [...what, " ended."];
  }
}

function added(event: Event): Piece[] {
  const config = event["config"];
  const more = [
    part(config, "requires_approval") === true ? "asks for approval" : "",
    part(config, "instances") !== undefined && part(config, "instances") !== 1
      ? plural(Number(part(config, "instances")), "instance")
      : "",
    text(event["copied_from"]) ? `variables copied from ${text(event["copied_from"])}` : "",
  ].filter(Boolean);
  return ["added the stage ", stage(event), more.length > 0 ? ` (${more.join(", ")}).` : "."];
}

function changed(event: Event): Piece[] {
  const config = event["config"];
  const approval = part(config, "requires_approval") === true ? "approval required" : "no approval required";
  const instances = plural(Number(part(config, "instances") ?? 1), "instance");
  const beside = [part(config, "limits") ? "limits" : "", part(config, "caching") === true ? "caching" : "", part(config, "sticky") === true ? "sticky sessions" : ""];
  const has = beside.filter(Boolean).join(" and ");
  const name = part(config, "endpoint") === "load_balancer" ? "a load balancer" : "an API gateway";
  const endpoint = has || name === "a load balancer" ? `, ${name}${has && ` with ${has}`}` : "";
  const access = part(config, "access") === "private" ? ", private access" : "";
  return ["changed ", stage(event), `, which now has: ${approval}, ${instances}${endpoint}${access}.`];
}

/** What is done to a stage's database; the stage's name follows. */
function task(kind: unknown, of: unknown): string {
  if (kind === "restore") return `to restore the backup ${text(part(of, "backup"))} into`;
  if (kind === "copy") return `to copy the database of ${text(part(of, "from_name"))} to`;
  return "to back up the database of";
}
function endedTask(event: Event): string {
  if (event.kind === "restore") return `Restoring the backup ${text(event["backup"])} into`;
  if (event.kind === "copy") return `Copying the database of ${text(event["from"])} to`;
  return "Backing up the database of";
}

const chores: Record<string, string> = {
  scale: "Scaling",
  retire: "Retiring what ran before in",
  remove: "Removing what ran in",
};

interface Words {
  kind: EventKind | ((event: Event) => EventKind);
  /** By: who did it leads the sentence ("lab approved …"). Else the sentence stands alone, and begins with a capital. */
  by?: boolean;
  say: (event: Event) => Piece[];
}

const words: Record<EventType, Words> = {
  StackCreated: { kind: "stage", by: true, say: (e) => ["created the stack ", stack(e), "."] },
  SourceChanged: {
    kind: "settings",
    by: true,
    say: (e) => [`changed the branch of `, stack(e), ` to ${text(part(e["source"], "branch"))}.`],
  },
  StackDeletionBegan: { kind: "stage", by: true, say: (e) => ["deleted the stack ", e.stack, "."] },
  StackDeleted: { kind: "step", say: (e) => [`The stack ${e.stack} is gone.`] },
  CheckedIn: {
    kind: "check-in",
    by: true,
    say: (e) => ["pushed ", change(e), ` to ${text(e["branch"])}: “${headline(text(e["message"]))}”.`],
  },
  StageAdded: { kind: "stage", by: true, say: added },
  StageChanged: { kind: "settings", by: true, say: changed },
  SettingsSaved: { kind: "settings", by: true, say: (e) => [`saved ${variables(list(e["names"]))} of `, stage(e), "."] },
  SettingsAdopted: {
    kind: "settings",
    say: (e) => ["The settings of ", stage(e), ` are again those of revision ${text(e["from"])}, brought by the rollback.`],
  },
  KeyAdded: { kind: "settings", by: true, say: (e) => [`made ${accessKey(e)} of `, stage(e), "."] },
  KeyRevoked: { kind: "settings", by: true, say: (e) => [`revoked ${accessKey(e)} of `, stage(e), "."] },
  CachePurged: { kind: "settings", by: true, say: (e) => ["purged the cache of ", stage(e), "."] },
  CertificateNoted: { kind: "settings", by: true, say: certificate },
  StageDeletionBegan: { kind: "stage", by: true, say: (e) => ["deleted the stage ", stage(e), "."] },
  StageDeletionForced: { kind: "stage", by: true, say: (e) => ["forced the deletion of ", stage(e), "."] },
  StageDeleted: { kind: "step", say: (e) => ["What ran in ", stage(e), " is removed."] },
  StagePaused: { kind: "approval", by: true, say: (e) => ["paused ", stage(e), "."] },
  StageResumed: { kind: "approval", by: true, say: (e) => ["resumed ", stage(e), "."] },
  OfferHeld: { kind: "approval", say: (e) => [change(e), " is held at the gate of ", stage(e), "."] },
  HeldSuperseded: {
    kind: "approval",
    say: (e) =>
      e.superseded_by
        ? [change(e), " is no longer held at the gate of ", stage(e), `: superseded by #${e.superseded_by}.`]
        : [change(e), " is no longer held at the gate of ", stage(e), ": the stage was deleted."],
  },
  HeldReleased: { kind: "step", say: (e) => [change(e), " was let in at the gate of ", stage(e), "."] },
  ApprovalAsked: { kind: "approval", say: (e) => [change(e), " waits for approval in ", stage(e), "."] },
  ApprovalDecided: {
    kind: "approval",
    by: true,
    say: (e) => [`${e.state === "rejected" ? "rejected" : "approved"} `, change(e), " in ", stage(e), `${quoted(e.comment) || "."}`],
  },
  ApprovalSuperseded: {
    kind: "approval",
    say: (e) => ["The approval of ", change(e), " in ", stage(e), ` was superseded by #${e.superseded_by ?? "?"}.`],
  },
  ApprovalWithdrawn: {
    kind: "approval",
    say: (e) => ["The approval of ", change(e), " in ", stage(e), ` was withdrawn${e.reason ? `: ${firstLine(e.reason)}` : ""}.`],
  },
  DeploymentQueued: { kind: (e) => ((e.kind ?? "flow") === "flow" ? "step" : "deployment"), say: queued },
  DeploymentStarted: {
    kind: "step",
    say: (e) => [deployment(e, `Attempt ${text(e["attempt"]) || "?"}`), " in ", stage(e), " started."],
  },
  StepBegan: { kind: "step", say: (e) => [deployment(e, "The deployment"), " to ", stage(e), ` is ${e.state ?? "moving"}.`] },
  StepNoted: {
    kind: "step",
    say: (e) => [deployment(e, "The deployment"), " to ", stage(e), text(e["note"]) ? ` says: ${firstLine(e["note"])}.` : " goes on."],
  },
  ArtifactBuilt: {
    kind: "step",
    say: (e) => [deployment(e, "The deployment"), " to ", stage(e), e["built"] === false ? " reuses an earlier build." : " has built its artifact."],
  },
  InstancesStarted: {
    kind: "step",
    say: (e) => [deployment(e, "The deployment"), " to ", stage(e), ` has started ${plural(Number(e["instances"] ?? 0), "instance")}.`],
  },
  CancelBegan: {
    kind: "deployment",
    by: true,
    say: (e) => ["stopped ", deployment(e, "the deployment"), " to ", stage(e), e.reason ? `: ${firstLine(e.reason)}.` : "."],
  },
  DeploymentEnded: { kind: "deployment", say: ended },
  ScaleBegan: { kind: "step", say: (e) => [stage(e), ` is scaled to ${plural(Number(e["to"] ?? 0), "instance")}.`] },
  ScaleEnded: { kind: "deployment", say: (e) => [stage(e), ` runs ${plural(Number(e["instances"] ?? 0), "instance")} now.`] },
  RetireBegan: { kind: "step", say: (e) => ["What ran before in ", stage(e), " is being retired."] },
  RetireEnded: { kind: "step", say: (e) => ["What ran before in ", stage(e), " is gone."] },
  StageRested: {
    kind: "deployment",
    say: (e) =>
      part(e["rest"], "why") === "hours"
        ? [stage(e), " rests: its hours are over."]
        : [stage(e), " sleeps: nobody has asked for anything for a while."],
  },
  StageRoused: { kind: "deployment", say: (e) => [stage(e), " wakes."] },
  TaskBegan: {
    kind: (e) => (isServer(e) ? "step" : "deployment"),
    say: (e) => [isServer(e) ? "Sluice" : e.by, ` began ${task(part(e["task"], "kind"), e["task"])} `, stage(e), "."],
  },
  TaskEnded: {
    kind: "deployment",
    say: (e) => [
      `${endedTask(e)} `,
      stage(e),
      text(e["problem"]) ? ` failed: ${firstLine(e["problem"])}.` : " is done.",
    ],
  },
  ChoreDelayed: {
    kind: "step",
    say: (e) => [
      `${chores[text(e["chore"] ?? e.kind)] ?? "Work in"} `,
      stage(e),
      text(e["problem"]) ? ` did not succeed and is tried again: ${firstLine(e["problem"])}.` : " takes a while.",
    ],
  },
};

const known = (type: string): type is EventType => Object.hasOwn(words, type);

export function eventKind(event: Event): EventKind {
  if (!known(event.type)) return "stage"; // of a newer server: rather shown than hidden
  const { kind } = words[event.type];
  return typeof kind === "function" ? kind(event) : kind;
}

const isServer = (event: Event) => event.actor.kind === "system";
/** Who did it, where it was a person or a program; nothing where it was the server itself. */
export const eventActor = (event: Event): string | undefined => (isServer(event) ? undefined : event.by);

/** One sentence, who did it first where that belongs to it. */
export function sentence(event: Event): Piece[] {
  if (!known(event.type)) return [`${event.by}: ${event.type}.`]; // of a newer server
  const { by, say } = words[event.type];
  const said = say(event).filter((piece) => piece !== "");
  return by ? [isServer(event) ? "Sluice" : event.by, " ", ...said] : said;
}

export const plain = (pieces: Piece[]): string => pieces.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");
