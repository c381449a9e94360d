import { Anchor, Card, Group, SegmentedControl, Select, Stack as Column, Table, Text, Title } from "@mantine/core";
import { IconChartBar } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useParams, useSearchParams } from "react-router-dom";
import type { Stage } from "@/api/client";
import { stack as stackQuery } from "@/api/queries";
import { type Insights as Figured, insightsOf, lastDays, perTime } from "@/lib/insights";
import { duration, exact } from "@/lib/time";
import { Empty, Loading, Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import { PageHead } from "@/ui/page";
import { StackTabs } from "@/ui/stack-tabs";
import { Figures, percent } from "./figures";
import classes from "./insights.module.css";
import { useMaterial } from "./use-insights";

const spans = [7, 30, 90];

function AllStages({ all, here, to }: { all: { stage: Stage; of: Figured }[]; here: string; to: (stage: string) => string }) {
  return (
    <Card withBorder radius="md" p={0} component="section" aria-label="All stages">
      <Title order={2} size="h6" c="dimmed" p="md" pb={0}>
        All stages
      </Title>
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing="sm" horizontalSpacing="md" className={classes.stages}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Stage</Table.Th>
              <Table.Th>Deployments</Table.Th>
              <Table.Th>Lead time</Table.Th>
              <Table.Th>Failure rate</Table.Th>
              <Table.Th>Time to restore</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {all.map(({ stage, of }) => (
              <Table.Tr key={stage.id} className={stage.name === here ? classes.here : undefined} aria-current={stage.name === here}>
                <Table.Th scope="row">
                  <Anchor component={Link} to={to(stage.name)} replace inherit>
                    {stage.name}
                  </Anchor>
                </Table.Th>
                <Table.Td>{perTime(of.frequency)}</Table.Td>
                <Table.Td>{of.leadMedian === undefined ? "–" : duration(of.leadMedian)}</Table.Td>
                <Table.Td>{of.failureRate === undefined ? "–" : percent(of.failureRate)}</Table.Td>
                <Table.Td>{of.restoreMedian === undefined ? "–" : duration(of.restoreMedian)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

function Body({ name, days, chosen, put }: { name: string; days: number; chosen: string | null; put: (what: string, value: string) => void }) {
  const stack = useQuery(stackQuery(name));
  const material = useMaterial(name, days);
  const stages = useMemo(() => (stack.data?.stages ?? []).filter((one) => one.position !== undefined), [stack.data]);
  // Where people are served: the last stage, unless another one is chosen.
  const stage = stages.find((one) => one.name === chosen) ?? stages[stages.length - 1];
  const window = useMemo(() => {
    const whole = lastDays(days, material.data?.readAt ?? 0);
    return { ...whole, from: Math.max(whole.from, material.data?.cutAt ?? 0) };
  }, [days, material.data]);
  const all = useMemo(() => {
    const { data } = material;
    if (!data) return [];
    return stages.map((one) => ({
      stage: one,
      of: insightsOf(
        data.deployments.filter((each) => each.stage === one.name),
        data.changes,
        window,
      ),
    }));
  }, [material.data, stages, window]);
  const error = (stack.data ? null : stack.error) ?? (material.data ? null : material.error);
  if (error) return <Problem error={error} retry={() => void Promise.all([stack.refetch(), material.refetch()])} />;
  if (!stack.data || !material.data) return <Loading rows={3} height={200} />;
  const figures = all.find((one) => one.stage.id === stage?.id);
  if (!stage || !figures || material.data.deployments.length === 0)
    return (
      <Empty icon={IconChartBar} title="Nothing to count yet">
        How often, how fast and how well {name} delivers is counted from its deployments. Push a first change.
      </Empty>
    );
  return (
    <Column gap="md">
      <Select label="Stage" data={stages.map((one) => one.name)} value={stage.name} onChange={(value) => put("stage", value ?? "")} allowDeselect={false} maw={240} />
      {material.data.cutAt !== undefined && (
        <Notice color="yellow" title="Not all of it">
          There are more deployments than are read here. The figures are of what happened since {exact(material.data.cutAt)}.
        </Notice>
      )}
      <Figures of={figures.of} window={window} />
      {all.length > 1 && <AllStages all={all} here={stage.name} to={(one) => `?${new URLSearchParams({ days: String(days), stage: one }).toString()}`} />}
      <Text size="xs" c="dimmed">
        Counted from the deployments and check-ins of the last {days} days, by the time a deployment ended.
      </Text>
    </Column>
  );
}

export default function Insights() {
  const { stack: name = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const asked = Number(search.get("days"));
  const days = spans.includes(asked) ? asked : 30;
  const put = (what: string, value: string) =>
    setSearch(
      (old) => {
        const next = new URLSearchParams(old);
        next.set(what, value);
        return next;
      },
      { replace: true },
    );
  return (
    <>
      <PageHead
        title="Insights"
        trail={[
          { name: "Stacks", to: "/" },
          { name, to: `/stacks/${name}` },
        ]}
        actions={
          <Group>
            <SegmentedControl
              aria-label="Over how many days"
              data={spans.map((one) => ({ value: String(one), label: `${one} days` }))}
              value={String(days)}
              onChange={(value) => put("days", value)}
            />
          </Group>
        }
      />
      <StackTabs stack={name} />
      <div style={{ maxWidth: 1200 }}>
        <Body name={name} days={days} chosen={search.get("stage")} put={put} />
      </div>
    </>
  );
}
