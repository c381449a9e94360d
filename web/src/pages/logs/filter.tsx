import { Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useState } from "react";
import { isLevel, type Level, levels } from "@/lib/log-runtime";

const labels: Record<Level, string> = {
  trace: "trace and graver",
  debug: "debug and graver",
  info: "info and graver",
  warn: "warn and graver",
  error: "error and graver",
  fatal: "fatal only",
};

/** What leaves lines out: words they must contain and, where an app prints JSON, their level. */
export function LogFilter({ grep, level, change }: { grep: string; level: Level | null | undefined; change: (next: { grep?: string; level?: Level | null }) => void }) {
  const [words, setWords] = useState(grep);
  const [known, setKnown] = useState(grep);
  if (known !== grep) {
    setKnown(grep); // the address moved on by itself
    setWords(grep);
  }
  const tell = useDebouncedCallback((next: string) => change({ grep: next }), 400);
  return (
    <>
      <TextInput
        aria-label="Only lines with"
        placeholder="Only lines with…"
        type="search"
        leftSection={<IconFilter size={15} aria-hidden />}
        maxLength={200}
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          tell(event.currentTarget.value);
        }}
        style={{ flex: "1 1 180px" }}
        maw={320}
      />
      {level !== undefined && (
        <Select
          aria-label="Level"
          placeholder="Any level"
          title="Of lines that are JSON objects with a level"
          data={levels.map((one) => ({ value: one, label: labels[one] }))}
          value={level}
          clearable
          onChange={(next) => change({ level: isLevel(next) ? next : null })}
          w={170}
        />
      )}
    </>
  );
}
