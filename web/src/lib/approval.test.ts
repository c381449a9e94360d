import { describe, expect, it } from "vitest";
import type { ApprovalDetail, Stage } from "@/api/client";
import { doubts, fate, settingName, whatApprovingDoes, whereItGoes } from "./approval";

const detail = (more: Partial<ApprovalDetail>): ApprovalDetail => ({
  stack: "shop",
  stage: "prod",
  change: 4,
  commit: "4".repeat(40),
  message: "Four",
  state: "pending",
  since: "2026-01-31T09:30:00.000Z",
  from: { change: 1, commit: "1".repeat(40), message: "One" },
  direction: "forward",
  total: 3,
  commits: [],
  settings: [],
  ...more,
});
const stage = (more: Partial<Stage>) => ({ name: "prod", paused: false, ...more }) as Stage;
const waits = (kind: "flow" | "rollback" | "promote") => ({ deployment: "dep_1", change: 3, kind, since: "" });
const works = { deployment: "dep_0", change: 2, kind: "flow" as const, state: "building" as const, since: "" };

describe("R4.3 where history goes", () => {
  it.each([
    [detail({}), /Forward: 3 commits/, false],
    [detail({ from: undefined, total: 1 }), /Nothing runs in prod yet: all 1 commit would/, false],
    [detail({ direction: "same", total: 0 }), /very commit that #1 runs/, false],
    [detail({ direction: "back", total: 0, dropped_total: 1 }), /1 commit that runs now would go away/, true],
    [detail({ direction: "sideways", total: 2, dropped_total: 3 }), /2 commits would ship, and 3 commits that run now/, true],
    [detail({ direction: "unknown", total: 0 }), /not known/, true],
  ])("is said plainly (%#)", (one, text, careful) => {
    expect(whereItGoes(one).text).toMatch(text);
    expect(whereItGoes(one).careful).toBe(careful);
  });
});

describe("R4.3 what the stage before tells", () => {
  const previous = { stage: "test", state: "succeeded" as const, current: true, rolled_back: false, instances: 1, serves: 4 };
  it("is nothing when it runs there", () => expect(doubts(detail({ previous }))).toEqual([]));
  it("is nothing for a first stage", () => expect(doubts(detail({}))).toEqual([]));
  it("is a rollback since", () =>
    expect(doubts(detail({ previous: { ...previous, current: false, rolled_back: true, serves: 2 } }))).toEqual([
      "test ran #4 and was rolled back since: it serves #2 now.",
    ]));
  it("is 0 instances", () => expect(doubts(detail({ previous: { ...previous, instances: 0 } }))[0]).toMatch(/0 instances/));
  it("is that it has not succeeded there", () =>
    expect(doubts(detail({ previous: { ...previous, state: "not_reached", current: false } }))[0]).toMatch(/not succeeded in test/));
});

describe("what approving does", () => {
  it.each([
    [stage({}), /deploys #4 to prod at once/, undefined],
    [stage({ active: works }), /starts when the deployment of #2.* has ended\.$/, undefined],
    [stage({ active: works, waiting: waits("flow") }), /takes the place of #3/, undefined],
    [stage({ active: works, waiting: waits("rollback") }), /A rollback to #3/, true],
    [stage({ waiting: waits("promote") }), /A promotion to #3/, true],
    [stage({ paused: true, active: works }), /paused/, true],
  ])("is said before (%#)", (one, text, blocked) => {
    const says = whatApprovingDoes(4, one);
    expect(says.text).toMatch(text);
    expect(says.blocked).toBe(blocked);
  });
});

describe("R4.4 what became of it", () => {
  it.each([
    [{ change: 4, state: "superseded" as const, superseded_by: 5 }, "#4 was superseded by #5, which reached this gate."],
    [{ change: 4, state: "approved" as const, by: "ann" }, "#4 was approved by ann."],
    [{ change: 4, state: "rejected" as const, by: "ann" }, "#4 was rejected by ann."],
    [{ change: 4, state: "withdrawn" as const }, "#4 was withdrawn: nobody needs to decide on it any more."],
  ])("is one sentence (%#)", (one, text) => expect(fate(one)).toBe(text));
});

describe("a setting's name", () => {
  it("is taken apart", () => expect(settingName("runtime/GREETING")).toEqual({ name: "GREETING", kind: "runtime variable" }));
  it("is itself else", () => expect(settingName("endpoint")).toEqual({ name: "endpoint", kind: "setting" }));
});
