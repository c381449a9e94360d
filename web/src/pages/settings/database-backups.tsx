import { Button, Group, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Role, type Schemas, type Stack, type Stage, told } from "@/api/client";
import { keys } from "@/api/queries";
import { databaseOf, stageBackups } from "@/api/settings";
import { causes, condition, taskText } from "@/lib/database";
import { mayNot } from "@/lib/may";
import { exact } from "@/lib/time";
import { bytes } from "@/lib/usage";
import { Age } from "@/ui/age";
import { Loading, Problem } from "@/ui/answers";
import { Fact, Section } from "./form";
import { type Replacement, ReplaceDatabase } from "./replace-database";

/** How the database that Sluice made for a stage is, and its backups. */
export function DatabaseBackups({ stack, stage, role }: { stack: Stack; stage: Stage; role: Role }) {
  const cache = useQueryClient();
  const [replacing, setReplacing] = useState<Replacement>();
  const view = useQuery(databaseOf(stack.name, stage.name));
  const list = useQuery(stageBackups(stack.name, stage.name));
  const backUp = useMutation({
    mutationFn: () => told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/database/backups", { params: { path: { stack: stack.name, stage: stage.name } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.stack(stack.name) }),
  });
  if (view.isPending) return <Loading rows={1} height={160} />;
  if (!view.data) return <Problem error={view.error} retry={() => void view.refetch()} />;
  const why = mayNot(role, "rerun", stage);
  const now = condition(view.data);
  const task = taskText(view.data);
  const busy = view.data.task !== undefined || view.data.state !== "ready";
  const others = stack.stages.filter((one) => one.id !== stage.id && one.database.kind === "new");
  return (
    <Section title="State and backups" about="Kept: the daily backups of a week and one of each of four weeks, what was replaced the last three times, and every other one until it is deleted.">
      <dl style={{ margin: 0 }}>
        <Fact name="State">{now.text}</Fact>
        {task && (
          <Fact name={view.data.task ? "Now" : "Last"}>
            <Text span inherit c={task.tone === "red" ? "red" : undefined} role="status">
              {task.text}
            </Text>
          </Fact>
        )}
        {view.data.backup_due && <Fact name="Next daily backup">{exact(view.data.backup_due)}</Fact>}
      </dl>
      <Group gap="sm">
        <Button variant="light" disabled={busy || why !== undefined} loading={backUp.isPending} onClick={() => backUp.mutate()}>
          Back up now
        </Button>
        {others.length > 0 && (
          <Button variant="default" disabled={busy || why !== undefined} onClick={() => setReplacing({ from: others[0]!.name })}>
            Copy from another stage …
          </Button>
        )}
      </Group>
      {backUp.error && <Problem error={backUp.error} title="Not begun" />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      <Backups items={list.data?.items ?? []} disabled={busy || why !== undefined} restore={(backup) => setReplacing({ backup })} />
      {replacing && <ReplaceDatabase stack={stack} stage={stage} role={role} what={replacing} close={() => setReplacing(undefined)} />}
    </Section>
  );
}

function Backups({ items, disabled, restore }: { items: Schemas["Backup"][]; disabled: boolean; restore: (backup: string) => void }) {
  if (items.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        There is no backup yet.
      </Text>
    );
  }
  return (
    <Table verticalSpacing={6} aria-label="Backups">
      <Table.Tbody>
        {items.map((one) => (
          <Table.Tr key={one.name}>
            <Table.Td>
              <Text size="sm" fw={500} style={{ wordBreak: "break-all" }}>
                {one.name}
              </Text>
              <Text size="sm" c="dimmed">
                <Age at={one.at} />, {causes[one.cause]}
                {one.change === undefined ? "" : `, of #${one.change}`}, {bytes(one.bytes)}
              </Text>
            </Table.Td>
            <Table.Td ta="right">
              <Button size="compact-sm" variant="subtle" disabled={disabled} onClick={() => restore(one.name)} aria-label={`Restore ${one.name}`}>
                Restore …
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
