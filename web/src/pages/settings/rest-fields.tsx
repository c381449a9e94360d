import { Select, TextInput } from "@mantine/core";
import type { Schemas, Stage } from "@/api/client";
import { sleepChoices, sleepWords } from "@/lib/resting";

interface Props {
  now: Pick<Stage, "sleep_after" | "hours">;
  badHours: string | undefined;
  disabled: boolean;
  edit: (more: Schemas["StageEdit"]) => void;
}

/** When a stage stops its instances by itself (R7.5). */
export function RestFields({ now, badHours, disabled, edit }: Props) {
  const sleep = now.sleep_after ?? 0;
  const choices = [...new Set([...sleepChoices, sleep])].sort((a, b) => a - b);
  return (
    <>
      <Select
        label="Sleep"
        description="An idle stage stops its instances; the next request starts them, and waits for them."
        data={choices.map((seconds) => ({ value: String(seconds), label: sleepWords(seconds) }))}
        value={String(sleep)}
        onChange={(value) => edit({ sleep_after: Number(value ?? 0) })}
        allowDeselect={false}
        disabled={disabled}
        maw={360}
      />
      <TextInput
        label="Hours"
        description="When it runs, like mon-fri 08:00-19:00 Europe/Berlin. Empty: at all times. A deployment is tried at any hour."
        value={now.hours ?? ""}
        onChange={(event) => edit({ hours: event.currentTarget.value })}
        error={badHours}
        disabled={disabled}
        maw={480}
      />
    </>
  );
}
