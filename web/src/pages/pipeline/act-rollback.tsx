import { Checkbox, Radio, Select, Skeleton, Stack as Column, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Deployment, told } from "@/api/client";
import { ago } from "@/lib/time";
import { headline } from "@/lib/words";
import { Problem } from "@/ui/answers";
import { ActFrame } from "./act-dialog";
import type { ActProps } from "./acts";
import { recent } from "./in-flight";

/** The newest success of every change but the one that serves, highest change first. */
function targets(deployments: Deployment[], serves: number | undefined): Deployment[] {
  const seen = new Set<number>([serves ?? -1]);
  const good = deployments.filter((one) => one.state === "succeeded" && !seen.has(one.change) && seen.add(one.change));
  return good.sort((a, b) => b.change - a.change);
}

export function Rollback({ stage, role, changes, close }: ActProps) {
  const earlier = useQuery(recent(stage.stack, stage.name));
  const [picked, setPicked] = useState<string | null>(null);
  const [settings, setSettings] = useState<"now" | "then">("now");
  const [pause, setPause] = useState(false);
  const [build, setBuild] = useState(false);
  const [refused, setRefused] = useState(false);
  const serves = stage.current?.change;
  const options = targets(earlier.data?.items ?? [], serves);
  const to = options.find((one) => one.id === picked) ?? options.find((one) => serves === undefined || one.change < serves) ?? options[0];
  const stopped = [stage.active, stage.waiting].filter((one) => one !== undefined).map((one) => `#${one.change}`);
  return (
    <ActFrame
      stage={stage}
      title={`Roll back ${stage.name}`}
      label={to ? `Roll back to #${to.change}` : "Roll back"}
      done={`${stage.name} rolls back to #${to?.change}.`}
      disabled={!to}
      close={close}
      refused={() => setRefused(true)}
      send={() =>
        told(
          client.POST("/api/v1/stacks/{stack}/stages/{stage}/rollback", {
            params: { path: { stack: stage.stack, stage: stage.name } },
            body: { to: to?.id, settings, pause, build },
          }),
        )
      }
    >
      {earlier.isPending ? (
        <Skeleton height={56} />
      ) : earlier.isError ? (
        <Problem error={earlier.error} retry={() => void earlier.refetch()} />
      ) : options.length === 0 ? (
        <Text size="sm">Nothing but what serves now has succeeded in {stage.name}; there is nothing to roll back to.</Text>
      ) : (
        <>
          <Select
            label="To"
            allowDeselect={false}
            value={to?.id ?? null}
            onChange={setPicked}
            data={options.map((one) => ({
              value: one.id,
              label: `#${one.change} ${changes.has(one.change) ? headline(changes.get(one.change)!.message) : ""} · ran ${ago(one.ended_at ?? one.queued_at)}`,
            }))}
          />
          <Text size="sm">
            Runs again what #{to?.change} ran here: its artifact is kept, so nothing is built.
            {stopped.length > 0 && ` Cancels ${stopped.join(" and ")}.`} The next newer check-in arrives as usual.
          </Text>
          <Radio.Group label="Settings" value={settings} onChange={(value) => setSettings(value === "then" ? "then" : "now")}>
            <Column gap={6} mt={4}>
              <Radio value="now" label="Those of now" />
              <Radio value="then" label="Those of then; they become the newest when it succeeds" />
            </Column>
          </Radio.Group>
          {role === "admin" && !stage.paused && (
            <Checkbox
              label={`Pause ${stage.name} as well`}
              description="So that nothing newer comes until somebody resumes it."
              checked={pause}
              onChange={(event) => setPause(event.currentTarget.checked)}
            />
          )}
          {refused && (
            <Checkbox label="Build it anew where its artifact was cleaned" checked={build} onChange={(event) => setBuild(event.currentTarget.checked)} />
          )}
        </>
      )}
    </ActFrame>
  );
}
