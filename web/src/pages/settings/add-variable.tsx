import { Button, PasswordInput, Switch, Textarea, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { type ClipboardEvent, type KeyboardEvent, useRef } from "react";
import { parseDotenv } from "@/lib/dotenv";
import classes from "./variables.module.css";

export interface Typed {
  name: string;
  value: string;
  secret: boolean;
  problem?: string;
}
export const nothingTyped: Typed = { name: "", value: "", secret: false };

/** The row at the foot of the table. Enter adds; `.env` lines pasted into the name are added all at once. */
export function AddVariable({
  typed,
  change,
  add,
  addAll,
}: {
  typed: Typed;
  change: (typed: Typed) => void;
  add: () => boolean;
  addAll: (entries: { name: string; value: string }[]) => void;
}) {
  const first = useRef<HTMLInputElement>(null);
  const submit = () => {
    if (add()) first.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    submit();
  };
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData.getData("text");
    if (!text.includes("=")) return;
    const { entries, errors } = parseDotenv(text);
    if (entries.length === 0 || errors.length > 0) return;
    event.preventDefault();
    addAll(entries);
  };
  const value = {
    label: "Value",
    value: typed.value,
    className: classes.text,
    autoComplete: "off",
    spellCheck: false,
    onKeyDown,
  };
  return (
    <div className={classes.add} role="group" aria-label="Add a variable">
      <TextInput
        ref={first}
        label="Name"
        placeholder="NAME or .env lines"
        value={typed.name}
        error={typed.problem}
        onChange={(event) => change({ ...typed, name: event.currentTarget.value.trim(), problem: undefined })}
        onPaste={onPaste}
        onKeyDown={onKeyDown}
        className={classes.text}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
      />
      {typed.secret ? (
        <PasswordInput {...value} onChange={(event) => change({ ...typed, value: event.currentTarget.value })} />
      ) : (
        <Textarea {...value} autosize minRows={1} maxRows={8} onChange={(event) => change({ ...typed, value: event.currentTarget.value })} />
      )}
      <Switch label="Secret" checked={typed.secret} onChange={(event) => change({ ...typed, secret: event.currentTarget.checked })} />
      <Button variant="default" leftSection={<IconPlus size={16} />} onClick={submit}>
        Add
      </Button>
    </div>
  );
}
