import { Anchor, Group, Progress, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { type Change, client, type Stage, told } from "@/api/client";
import { deployment, keys } from "@/api/queries";
import { progressOf, usualSteps } from "@/lib/flow";
import { changeLook, steps } from "@/lib/states";
import { duration } from "@/lib/time";
import { headline } from "@/lib/words";
import { useNow } from "@/ui/age";
import { Prose } from "@/ui/prose";
import classes from "./pipeline.module.css";

const words: Partial<Record<string, string>> = { retry: "again", redeploy: "redeployed", rollback: "rolled back to", promote: "promoted" };

/** The newest deployments of a stage: how long it usually takes, and what can be rolled back to. */
export const recent = (stack: string, stage: string) => ({
  queryKey: [...keys.deployments(stack, stage), "recent"],
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    told(client.GET("/api/v1/stacks/{stack}/deployments", { params: { path: { stack }, query: { stage, limit: 40 } }, signal })),
});

/** A deployment that is going on: which step, how far by the usual time, the log a click away. */
export function InFlight({ stage, change }: { stage: Stage; change?: Change }) {
  const active = stage.active!;
  const running = useQuery(deployment(active.deployment)).data;
  const earlier = useQuery(recent(stage.stack, stage.name)).data;
  const now = useNow();
  const here = running ? { ...running, state: active.state } : undefined;
  const usual = earlier && usualSteps(earlier.items);
  const at = here && progressOf(here, usual, now);
  const look = changeLook(active.state);
  const link = `/stacks/${stage.stack}/deployments/${active.deployment}`;
  return (
    <div className={classes.flight}>
      <Anchor component={Link} to={link} c="inherit" fw={500} size="sm" className={classes.message}>
        #{active.change} {change ? headline(change.message) : ""}
      </Anchor>
      <Progress
        value={100 * (at?.part ?? 0)}
        color={look.color}
        size="sm"
        my={6}
        animated={active.state !== "queued"}
        aria-label={`Change ${active.change} in ${stage.name}`}
        transitionDuration={400}
      />
      <Group justify="space-between" gap="0 8px">
        <Text size="xs" component="span">
          {look.word}
          {at && at.step > 0 && <Text span inherit c="dimmed">{` · step ${at.step} of ${steps.length}`}</Text>}
          {words[active.kind] && <Text span inherit c="dimmed">{` · ${words[active.kind]}`}</Text>}
          {at?.left !== undefined && at.left >= 1000 && (
            <Text span inherit c="dimmed">{` · about ${duration(Math.ceil(at.left / 1000) * 1000).replace(".0", "")} left`}</Text>
          )}
        </Text>
        <Anchor component={Link} to={link} size="xs" style={{ flexShrink: 0 }}>
          Live log
        </Anchor>
      </Group>
      {active.note && (
        <Text size="xs" c="dimmed" mt={4}>
          <Prose text={active.note} />
        </Text>
      )}
    </div>
  );
}
