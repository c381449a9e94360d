import { Group, SegmentedControl, Select } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import { stack as stackOf } from "@/api/queries";
import { usage as usageOf } from "@/api/usage";
import { seriesOf } from "@/lib/usage";
import { Empty, Loading, Problem } from "@/ui/answers";
import { PageHead } from "@/ui/page";
import { Charts } from "./charts";
import { StepsTable } from "./steps-table";
import { Totals } from "./totals";

const spans = [
  { value: "1h", label: "1 h", words: "hour" },
  { value: "24h", label: "24 h", words: "24 hours" },
  { value: "7d", label: "7 d", words: "7 days" },
  { value: "30d", label: "30 d", words: "30 days" },
];

function Body({ stack, stage, since, words }: { stack: string; stage: string; since: string; words: string }) {
  const asked = useQuery({ ...usageOf(stack, stage, since), placeholderData: keepPreviousData });
  const series = useMemo(() => asked.data && seriesOf(asked.data), [asked.data]);
  if (asked.error && !asked.data) return <Problem error={asked.error} retry={() => void asked.refetch()} />;
  if (!asked.data || !series) return <Loading rows={4} height={130} />;
  if (asked.data.points.length === 0)
    return (
      <Empty icon={IconChartLine} title={`Nothing in the last ${words}`}>
        {stage} ran no instance and was asked for nothing. Requests, errors, latency, CPU and memory are shown here as soon as a change is deployed to it; the first figures come
        within ten seconds.
      </Empty>
    );
  return (
    <>
      <Totals usage={asked.data} span={words} />
      <Charts usage={asked.data} series={series} />
      <div style={{ marginTop: "var(--mantine-spacing-lg)" }}>
        <StepsTable series={series} />
      </div>
    </>
  );
}

/** What a stage uses: now, and over time with its deployments. */
export default function Monitoring() {
  const { stack = "", stage = "" } = useParams();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const asked = useQuery(stackOf(stack));
  const span = spans.find((one) => one.value === query.get("since")) ?? spans[0]!;
  const to = (next: { since?: string; stage?: string }) =>
    navigate({ pathname: `/stacks/${stack}/stages/${next.stage ?? stage}/monitoring`, search: `?since=${next.since ?? span.value}` }, { replace: true });
  const place = asked.data?.stages.find((one) => one.name === stage);
  return (
    <>
      <PageHead
        title={`Monitoring of ${stage}`}
        trail={[{ name: stack, to: `/stacks/${stack}` }]}
        actions={
          asked.data && (
            <Group gap="sm">
              {asked.data.stages.length > 1 && (
                <Select aria-label="Stage" w={160} data={asked.data.stages.map((one) => one.name)} value={stage} allowDeselect={false} onChange={(next) => next && to({ stage: next })} />
              )}
              <SegmentedControl aria-label="Over how long" data={spans.map(({ value, label }) => ({ value, label }))} value={span.value} onChange={(since) => to({ since })} />
            </Group>
          )
        }
      />
      {asked.error && !asked.data ? (
        <Problem error={asked.error} retry={() => void asked.refetch()} />
      ) : !asked.data ? (
        <Loading rows={4} />
      ) : !place ? (
        <Empty icon={IconChartLine} title={`${stack} has no stage ${stage}`}>
          It may have been deleted; what a deleted stage used is not shown.
        </Empty>
      ) : (
        <div style={{ maxWidth: 1200 }}>
          <Body key={place.id} stack={stack} stage={stage} since={span.value} words={span.words} />
        </div>
      )}
    </>
  );
}
