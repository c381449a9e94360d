import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import type { Stage } from "@/api/client";
import { stackUsage } from "@/api/usage";
import { amount, bytes } from "@/lib/usage";

/** What a stage's instances use, in one quiet line that leads to its charts; nothing where nothing runs. */
export function StageUsage({ stage }: { stage: Stage }) {
  const all = useQuery(stackUsage(stage.stack));
  const mine = all.data?.items.find((one) => one.stage === stage.name);
  if (!mine || mine.now.instances === 0) return null;
  const says = `${amount(mine.hour.requests / 60)} requests/min · ${amount(mine.now.cpu)} CPU · ${bytes(mine.now.memory)}`;
  return (
    <Anchor
      component={Link}
      size="xs"
      c="dimmed"
      to={`/stacks/${stage.stack}/stages/${stage.name}/monitoring`}
      aria-label={`Monitoring of ${stage.name}: ${says}`}
      title="Requests of the last hour, CPU and memory of now"
    >
      {says}
    </Anchor>
  );
}
