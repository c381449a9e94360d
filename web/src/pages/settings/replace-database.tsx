import { Button, Group, Modal, Select, Stack as Column, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Role, type Stack, type Stage, told } from "@/api/client";
import { keys } from "@/api/queries";
import { mayNot } from "@/lib/may";
import { Problem } from "@/ui/answers";
import classes from "./settings.module.css";

export type Replacement = { backup: string } | { from: string };

/** Asks for the word `replace`, typed, before a backup or a copy takes the place of what a database holds. */
export function ReplaceDatabase({ stack, stage, role, what, close }: { stack: Stack; stage: Stage; role: Role; what: Replacement; close: () => void }) {
  const cache = useQueryClient();
  const [typed, setTyped] = useState("");
  const [from, setFrom] = useState("from" in what ? what.from : "");
  const params = { path: { stack: stack.name, stage: stage.name } };
  const replace = useMutation({
    mutationFn: () =>
      "backup" in what
        ? told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/database/restore", { params, body: { backup: what.backup, confirm: "replace" } }))
        : told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/database/copy", { params, body: { from, confirm: "replace" } })),
    onSuccess: close,
    onSettled: () => cache.invalidateQueries({ queryKey: keys.stack(stack.name) }),
  });
  const others = stack.stages.filter((one) => one.id !== stage.id && one.database.kind === "new");
  const source = "backup" in what ? `the backup ${what.backup}` : `a copy of the database of ${from}`;
  return (
    <Modal opened onClose={close} title={"backup" in what ? "Restore a backup" : "Copy a database"} centered size="lg">
      <Column
        component="form"
        gap="md"
        onSubmit={(event: React.FormEvent) => {
          event.preventDefault();
          if (typed === "replace") replace.mutate();
        }}
      >
        {"from" in what && (
          <Select
            label="From"
            data={others.map((one) => {
              const not = one.requires_approval ? mayNot(role, "decide") : undefined;
              return { value: one.name, label: not ? `${one.name} (only an admin may)` : one.name, disabled: !!not };
            })}
            value={from}
            onChange={(value) => value && setFrom(value)}
            allowDeselect={false}
          />
        )}
        <ul className={classes.lines}>
          <li>
            What the database of {stage.name} holds is replaced by {source}.
          </li>
          <li>What is there now is backed up first.</li>
          <li>Connections are closed at the change; an app connects again. Deployments of {stage.name} wait meanwhile.</li>
        </ul>
        <TextInput
          label={
            <>
              Type{" "}
              <Text span inherit fw={700}>
                replace
              </Text>{" "}
              to confirm
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
        />
        {replace.error && <Problem error={replace.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={typed !== "replace"} loading={replace.isPending}>
            Replace
          </Button>
        </Group>
      </Column>
    </Modal>
  );
}
