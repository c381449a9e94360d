import { expect, test } from "vitest";
import { condition, taskText } from "./database";

test("how a database is", () => {
  expect(condition({ kind: "new", state: "not_made" })).toEqual({ text: "It is made with the first deployment.", tone: "gray" });
  expect(condition({ kind: "new", state: "ready", bytes: 8_400_000 }).text).toBe("It is ready, 8.0 MB.");
  expect(condition({ kind: "new", state: "unavailable", problem: "the databases are starting" })).toEqual({
    text: "It cannot be used at the moment: the databases are starting.",
    tone: "yellow",
  });
});

test("what is done to it, and how that ended", () => {
  expect(taskText({ kind: "new" })).toBeUndefined();
  expect(taskText({ kind: "new", task: { kind: "copy", from: "prod" } })?.text).toBe("A copy is being made of prod …");
  expect(taskText({ kind: "new", last: { kind: "backup", backup: "b-1" } })?.text).toBe("It was backed up (b-1).");
  expect(taskText({ kind: "new", last: { kind: "restore", backup: "b-1", problem: "the disk is full" } })).toEqual({
    text: "The last restore failed: the disk is full",
    tone: "red",
  });
});
