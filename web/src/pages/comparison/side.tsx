import { Anchor, Group, Paper, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import type { Deployment } from "@/api/client";
import { change } from "@/api/queries";
import { changeLook } from "@/lib/states";
import { howItCame } from "@/lib/timeline";
import { headline } from "@/lib/words";
import { Age } from "@/ui/age";
import { Commit } from "@/ui/commit";
import { State } from "@/ui/state";

/** One of the two: what it brought, how it ended, how it came. */
export function Side({ title, deployment }: { title: string; deployment: Deployment }) {
  const { stack, id, change: number, commit, state, by, queued_at } = deployment;
  const { data } = useQuery(change(stack, number));
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Group justify="space-between" wrap="nowrap" mb={4}>
        <Text size="sm" c="dimmed">
          {title} · <Age at={queued_at} />
        </Text>
        <State look={changeLook(state)} />
      </Group>
      <Anchor component={Link} to={`/stacks/${stack}/deployments/${id}`} fw={600} c="inherit">
        #{number} {data ? headline(data.message) : ""}
      </Anchor>
      <Group gap={6} c="dimmed" fz="sm">
        {howItCame(deployment)}, by {by} <span aria-hidden>·</span> <Commit hash={commit} />
      </Group>
    </Paper>
  );
}
