import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Problem } from "@/ui/answers";
import classes from "./settings.module.css";

/** Asks for the word `delete`, typed (R6.1), after saying what will happen. */
export function TypedDelete({
  opened,
  title,
  lines,
  label,
  pending,
  error,
  onClose,
  onDelete,
}: {
  opened: boolean;
  title: string;
  lines: string[];
  label: string;
  pending: boolean;
  error: unknown;
  onClose: () => void;
  onDelete: () => void;
}) {
  const [typed, setTyped] = useState("");
  const close = () => {
    setTyped("");
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title={title} centered size="lg">
      <Stack
        component="form"
        gap="md"
        onSubmit={(event: React.FormEvent) => {
          event.preventDefault();
          if (typed === "delete") onDelete();
        }}
      >
        <ul className={classes.lines}>
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <TextInput
          label={
            <>
              Type{" "}
              <Text span inherit fw={700}>
                delete
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
        {error !== null && error !== undefined && <Problem error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" color="red" disabled={typed !== "delete"} loading={pending}>
            {label}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
