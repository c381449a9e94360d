import { PasswordInput, Radio, Stack as Column } from "@mantine/core";
import type { Schemas } from "@/api/client";

type Database = Schemas["Database"];
const shape = "postgresql://USER:PASSWORD@HOST:PORT/NAME";

/** What is missing of a choice; `at`: the existing database that the stage has now. */
export function databaseProblem(database: Database, at?: string): string | undefined {
  return database.kind === "existing" && !database.url && !at ? "Say the URL of the existing database." : undefined;
}

/** Which database a stage has. The URL is written and never read back. */
export function DatabaseFields({
  value,
  at,
  onChange,
  disabled = false,
  error,
  urlError,
}: {
  value: Database;
  at?: string;
  onChange: (next: Database) => void;
  disabled?: boolean;
  error?: string;
  urlError?: string;
}) {
  return (
    <Column gap="sm">
      <Radio.Group label="Database" value={value.kind} onChange={(kind) => onChange({ kind: kind as Database["kind"] })} error={error}>
        <Column gap={8} mt={6}>
          <Radio value="none" label="None" description="The app needs none, or brings its own." disabled={disabled} />
          <Radio value="new" label="New" description="A PostgreSQL database of this stage alone, ready before its release command." disabled={disabled} />
          <Radio value="existing" label="Existing" description="One that runs elsewhere. Sluice never changes or removes it." disabled={disabled} />
        </Column>
      </Radio.Group>
      {value.kind === "existing" && (
        <PasswordInput
          label="URL"
          description={at ? `Now ${at}. Type another to change it; it is tried first and never shown.` : "It is tried before it is accepted, and never shown."}
          placeholder={shape}
          value={value.url ?? ""}
          onChange={(event) => onChange(event.currentTarget.value ? { kind: "existing", url: event.currentTarget.value.trim() } : { kind: "existing" })}
          disabled={disabled}
          error={urlError}
          autoComplete="off"
          spellCheck={false}
          maxLength={4096}
        />
      )}
    </Column>
  );
}
