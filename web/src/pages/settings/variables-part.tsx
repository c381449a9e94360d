import { Button, Card, Group, Stack as Column, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { IconArrowsDiff, IconFileText, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useMutation } from "@tanstack/react-query";
import { client, type Me, type Stack, type Stage, told } from "@/api/client";
import type { VariableKind } from "@/api/settings";
import { redeploys } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { nameProblem, summary, valueProblem } from "@/lib/variables";
import { Loading, Problem } from "@/ui/answers";
import { AddVariable, nothingTyped } from "./add-variable";
import { BulkEdit } from "./bulk";
import { Compare } from "./compare";
import { ReadOnly, SaveBar, Saved } from "./form";
import { useVariables } from "./use-variables";
import { VariableRow } from "./variable-row";
import classes from "./variables.module.css";

const abouts: Record<VariableKind, string> = {
  build: "What the build sees. A stage with other build variables gets a build of its own.",
  runtime: "What the app sees when it runs, as environment variables.",
};

/** After a save that deployed nothing because the last deployment failed: the way on is one click. */
function Retry({ stack, stage }: { stack: Stack; stage: Stage }) {
  const retry = useMutation({
    mutationFn: () =>
      told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/retry", { params: { path: { stack: stack.name, stage: stage.name } }, body: {} })),
  });
  const { last } = stage;
  if (stage.current || stage.active || stage.waiting || !last || last.state !== "failed") return null;
  return (
    <>
      <Button size="compact-sm" variant="light" loading={retry.isPending} onClick={() => retry.mutate()}>
        Retry #{last.change}
      </Button>
      {retry.error && <Problem error={retry.error} />}
    </>
  );
}

/** The build or runtime variables of a stage. */
export function VariablesPart({ stack, stage, me, kind }: { stack: Stack; stage: Stage; me: Me; kind: VariableKind }) {
  const { base, known, draft, rows, dirty, problem, moved, note, save, told: tell, replace, set, undo, discard, round } = useVariables(stack.name, stage.name, kind);
  const [typed, setTyped] = useState(nothingTyped);
  const [open, setOpen] = useState<"bulk" | "compare">();
  const [search, setSearch] = useState("");
  const why = mayNot(me.role, "rerun", stage);
  const half = typed.name !== "" || typed.value !== "";
  const others = stack.stages.some((one) => one.id !== stage.id && one.position !== undefined);
  if (base.isPending) return <Loading rows={4} height={44} />;
  if (!base.data) return <Problem error={base.error} retry={() => void base.refetch()} />;

  const add = () => {
    const taken = rows.find((row) => row.name === typed.name && row.change !== "removed");
    const wrong = nameProblem(typed.name) ?? (taken ? `${typed.name} is there already: change it above.` : valueProblem(typed.value));
    if (wrong) {
      setTyped({ ...typed, problem: wrong });
      return false;
    }
    set(typed.name, { value: typed.value, secret: typed.secret });
    setTyped(nothingTyped);
    return true;
  };
  const addAll = (entries: { name: string; value: string }[]) => {
    const secrecy = new Map(rows.map((row) => [row.name, row.now.secret]));
    replace({
      ...draft,
      ...Object.fromEntries(entries.map(({ name, value }) => [name, { value, secret: secrecy.get(name) ?? typed.secret }])),
    });
  };
  const seen = search ? rows.filter((row) => row.name.toLowerCase().includes(search.toLowerCase())) : rows;

  return (
    <Card withBorder radius="md" p="lg" component="section" aria-label={`${kind} variables`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (dirty && !half && !problem) save.mutate();
        }}
      >
        <Column gap="md">
          <Group justify="space-between" align="flex-start" gap="sm">
            <Text size="sm" c="dimmed" style={{ flex: "1 1 260px" }}>
              {abouts[kind]} A secret is written and never shown again.
            </Text>
            <Group gap="xs">
              {!why && (
                <Button size="xs" variant="default" leftSection={<IconFileText size={15} />} onClick={() => setOpen("bulk")}>
                  Edit as .env
                </Button>
              )}
              {others && (
                <Button
                  size="xs"
                  variant="default"
                  leftSection={<IconArrowsDiff size={15} />}
                  onClick={() => setOpen("compare")}
                  disabled={dirty}
                  title={dirty ? "Save or discard your edits first" : undefined}
                >
                  Compare and copy
                </Button>
              )}
            </Group>
          </Group>
          {why && <ReadOnly why={why} />}
          {rows.length > 12 && (
            <TextInput
              aria-label="Search by name"
              placeholder="Search by name"
              leftSection={<IconSearch size={15} />}
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
              maw={320}
            />
          )}
          {rows.length === 0 ? (
            <Text size="sm">
              No {kind} variable yet.{why ? "" : " Add the first one below, or paste a whole .env file into its name."}
            </Text>
          ) : seen.length === 0 ? (
            <Text size="sm">No name has “{search}” in it.</Text>
          ) : (
            <table className={classes.table}>
              <thead className={classes.head}>
                <tr>
                  <th scope="col" className={classes.nameColumn}>
                    Name
                  </th>
                  <th scope="col">Value</th>
                  <th scope="col" className={classes.actsColumn}>
                    <VisuallyHidden>What can be done</VisuallyHidden>
                  </th>
                </tr>
              </thead>
              <tbody>
                {seen.map((row) => (
                  <VariableRow key={`${round} ${row.name}`} row={row} readOnly={why !== undefined} set={(edit) => set(row.name, edit)} undo={() => undo(row.name)} />
                ))}
              </tbody>
            </table>
          )}
          {!why && <AddVariable typed={typed} change={setTyped} add={add} addAll={addAll} />}
          {note && (
            <Saved note={note}>
              <Retry stack={stack} stage={stage} />
            </Saved>
          )}
          <SaveBar
            dirty={dirty || half}
            what={`The settings of ${stage.name}`}
            says={half ? "A variable is typed and not added yet." : `${summary(rows)}. ${redeploys(stage, kind)}`}
            problem={half ? `${typed.name || "The new variable"} is not added yet: press Add, or empty it.` : problem}
            error={save.error}
            moved={moved}
            saving={save.isPending}
            onDiscard={() => {
              discard();
              setTyped(nothingTyped);
            }}
          />
        </Column>
      </form>
      {open === "bulk" && <BulkEdit base={known} draft={draft} rows={rows} apply={replace} close={() => setOpen(undefined)} />}
      {open === "compare" && (
        <Compare stack={stack} stage={stage} kind={kind} here={known} me={me} why={why} copied={tell} close={() => setOpen(undefined)} />
      )}
    </Card>
  );
}
