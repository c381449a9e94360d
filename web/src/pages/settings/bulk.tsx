import { Button, Code, Group, List, Modal, Spoiler, Stack, Text, Textarea } from "@mantine/core";
import { useMemo, useState } from "react";
import { parseDotenv, printDotenv } from "@/lib/dotenv";
import { type Draft, draftOfText, nameProblem, type Row, rowsOf, summary, type Variables, valueProblem } from "@/lib/variables";
import { Notice } from "@/ui/notice";
import classes from "./variables.module.css";

/** All variables as one `.env` text; what is written becomes edits, which are saved with the others. */
export function BulkEdit({ base, draft, rows, apply, close }: { base: Variables; draft: Draft; rows: Row[]; apply: (draft: Draft) => void; close: () => void }) {
  const living = rows.filter((row) => row.change !== "removed");
  const [text, setText] = useState(() => printDotenv(living.map((row) => ({ name: row.name, value: row.now.secret ? undefined : (row.now.value ?? "") }))));
  const { entries, errors } = useMemo(() => parseDotenv(text), [text]);
  const wrong = [
    ...errors,
    ...entries.flatMap(({ name, value, line }) => {
      const problem = nameProblem(name) ?? valueProblem(value);
      return problem ? [{ line, message: `(${name}): ${problem}` }] : [];
    }),
  ].sort((a, b) => a.line - b.line);
  const next = draftOfText(base, draft, entries);
  const will = summary(rowsOf(base, next));
  return (
    <Modal opened onClose={close} title="Edit as .env text" size="xl" centered>
      <Stack gap="sm">
        <Textarea
          label="Variables"
          description="One NAME=VALUE a line. A plain variable that is left out is removed; what stands in a comment is kept."
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autosize
          minRows={10}
          maxRows={22}
          className={classes.text}
          spellCheck={false}
          autoCapitalize="none"
          data-autofocus
          aria-invalid={wrong.length > 0}
          wrap="off"
        />
        {wrong.length > 0 && (
          <Notice color="red" title={wrong.length === 1 ? "One line is not right" : `${wrong.length} lines are not right`} role="alert">
            <List size="sm">
              {wrong.slice(0, 10).map((one) => (
                <List.Item key={`${one.line} ${one.message}`}>
                  Line {one.line} {one.message}
                </List.Item>
              ))}
            </List>
          </Notice>
        )}
        <Spoiler maxHeight={0} showLabel="How it is read" hideLabel="Less">
          <Text size="sm" component="div">
            <List size="sm" spacing={2}>
              <List.Item>
                In <Code>"double quotes"</Code>, <Code>\n \r \t \" \\ \$</Code> are read; <Code>'single quotes'</Code> are taken as they are. Both may run
                over several lines.
              </List.Item>
              <List.Item>
                Without quotes a value ends at a blank and <Code>#</Code>, and loses the blanks around it.
              </List.Item>
              <List.Item>
                <Code>export</Code> before a name is dropped. Nothing is expanded.
              </List.Item>
              <List.Item>A secret is given a new value by a line of its own, and stays secret.</List.Item>
            </List>
          </Text>
        </Spoiler>
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status">
            {wrong.length > 0 ? "" : will ? `${will}; nothing is saved yet.` : "Nothing changes."}
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              disabled={wrong.length > 0}
              onClick={() => {
                apply(next);
                close();
              }}
            >
              Take over
            </Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}
