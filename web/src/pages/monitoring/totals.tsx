import { Card, Text } from "@mantine/core";
import type { Usage } from "@/api/usage";
import { duration } from "@/lib/time";
import { amount, bytes, idleOf, money } from "@/lib/usage";
import classes from "./monitoring.module.css";

function Figure({ name, value, under }: { name: string; value: string; under: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text fz={22} fw={650} lh={1.3}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {under}
      </Text>
    </div>
  );
}

/** What there is now, what came together in the time that is shown, and what of it was idle. */
export function Totals({ usage, span }: { usage: Usage; span: string }) {
  const { now, totals } = usage;
  const idle = idleOf(totals, span);
  const failed = totals.requests > 0 ? `${amount((totals.server_errors / totals.requests) * 100)} % answered 5xx` : "none came";
  return (
    <Card withBorder radius="md" p="lg" mb="lg" component="section" aria-label="In short">
      <div className={classes.figures}>
        <Figure name="Instances now" value={amount(now.instances)} under={`${amount(now.cpu)} CPU, ${bytes(now.memory)}`} />
        <Figure name={`Requests, last ${span}`} value={amount(totals.requests)} under={failed} />
        <Figure
          name="p95"
          value={totals.p95 === undefined ? "–" : duration(totals.p95)}
          under={totals.p50 === undefined ? "until the answer began" : `p50 ${duration(totals.p50)}, p99 ${duration(totals.p99 ?? 0)}`}
        />
        <Figure name="Most memory" value={bytes(totals.memory_peak)} under="resident, of all instances" />
        <Figure name={`Instance hours, last ${span}`} value={amount(totals.instance_hours)} under={`${amount(totals.gb_hours)} GB hours, ${amount(totals.cpu_hours)} CPU hours`} />
        {totals.cost && <Figure name={`Cost, last ${span}`} value={money(totals.cost.amount, totals.cost.currency)} under="at the prices of now" />}
      </div>
      {idle && (
        <Text size="sm" mt="md">
          {idle}
        </Text>
      )}
    </Card>
  );
}
