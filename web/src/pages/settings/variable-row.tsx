import { ActionIcon, Badge, Button, Group, PasswordInput, Switch, Text, Textarea, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconLock, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { Edit, Row } from "@/lib/variables";
import { Copy } from "@/ui/copy";
import classes from "./variables.module.css";

const marks = { added: "green", changed: "blue", removed: "red" } as const;

function Value({ row }: { row: Row }) {
  if (row.now.secret) {
    return (
      <Badge color="gray" variant="light" tt="none" leftSection={<IconLock size={12} aria-hidden />}>
        {row.change === "added" || (row.change === "changed" && row.now.value !== undefined) ? "secret, new value" : "secret"}
      </Badge>
    );
  }
  const value = row.now.value ?? "";
  return value === "" ? (
    <Text size="sm" c="dimmed" fs="italic">
      empty
    </Text>
  ) : (
    <span className={classes.value}>{value}</span>
  );
}

function Editor({ row, set, done }: { row: Row; set: (edit: Edit) => void; done: () => void }) {
  const { name, before, now } = row;
  // Of a secret that stays as it is there is nothing to show; an empty field leaves it so.
  const keeps = before?.secret === true;
  const typed = (value: string) => set({ value: keeps && value === "" ? undefined : value, secret: now.secret });
  const common = {
    "aria-label": `Value of ${name}`,
    value: now.value ?? "",
    error: row.problem,
    className: classes.text,
    autoFocus: true,
    spellCheck: false,
    autoComplete: "off",
    placeholder: keeps ? "Type a new value; empty keeps the old one" : undefined,
  };
  return (
    <>
      {now.secret ? (
        <PasswordInput {...common} onChange={(event) => typed(event.currentTarget.value)} />
      ) : (
        <Textarea {...common} autosize minRows={1} maxRows={10} onChange={(event) => typed(event.currentTarget.value)} />
      )}
      <Group mt={8} gap="md">
        <Switch
          size="sm"
          label="Secret"
          checked={now.secret}
          onChange={(event) => set({ value: now.value, secret: event.currentTarget.checked })}
        />
        <Button size="compact-sm" variant="default" onClick={done}>
          Done
        </Button>
      </Group>
    </>
  );
}

/** One variable: its name, its value or that it is secret, and what can be done with it. */
export function VariableRow({ row, readOnly, set, undo }: { row: Row; readOnly: boolean; set: (edit: Edit) => void; undo: () => void }) {
  const [editing, setEditing] = useState(false);
  const { name, change } = row;
  const removed = change === "removed";
  return (
    <tr
      className={`${classes.row} ${removed ? classes.removed : ""}`}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !editing) return;
        undo();
        setEditing(false);
      }}
    >
      <th scope="row" className={classes.name}>
        <span className={classes.mono}>{name}</span>{" "}
        {change !== "same" && (
          <Badge size="xs" color={marks[change]} variant="light" tt="none">
            {change}
          </Badge>
        )}
      </th>
      <td className={classes.cell}>
        {editing && !removed ? <Editor row={row} set={set} done={() => setEditing(false)} /> : <Value row={row} />}
        {!editing && row.problem && (
          <Text size="xs" c="red">
            {row.problem}
          </Text>
        )}
      </td>
      <td className={classes.acts}>
        <Group gap={2} justify="flex-end" wrap="nowrap">
          {!row.now.secret && row.now.value && !editing && <Copy value={row.now.value} what={`Copy the value of ${name}`} size="md" />}
          {!readOnly && (change !== "same" || row.problem !== undefined) && (
            <Tooltip label="Undo this edit" openDelay={300}>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`Undo the edit of ${name}`}
                onClick={() => {
                  undo();
                  setEditing(false);
                }}
              >
                <IconArrowBackUp size={16} />
              </ActionIcon>
            </Tooltip>
          )}
          {!readOnly && !removed && !editing && (
            <Tooltip label={row.now.secret ? "Replace" : "Change"} openDelay={300}>
              <ActionIcon variant="subtle" color="gray" aria-label={`${row.now.secret ? "Replace" : "Change"} ${name}`} onClick={() => setEditing(true)}>
                <IconPencil size={16} />
              </ActionIcon>
            </Tooltip>
          )}
          {!readOnly && !removed && (
            <Tooltip label="Delete" openDelay={300}>
              <ActionIcon
                variant="subtle"
                color="red"
                aria-label={`Delete ${name}`}
                onClick={() => {
                  setEditing(false);
                  if (change === "added") undo();
                  else set({ remove: true });
                }}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      </td>
    </tr>
  );
}
