import { Anchor, Button, Group, SegmentedControl, Select, Text } from "@mantine/core";
import { IconChartLine, IconFileText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearchParams } from "react-router-dom";
import type { Stage } from "@/api/client";
import { stack as stackOf } from "@/api/queries";
import { filterQuery, isLevel, type Level } from "@/lib/log-runtime";
import { Empty, Loading, Problem } from "@/ui/answers";
import { PageHead } from "@/ui/page";
import { LogFilter } from "./filter";
import { StageLog } from "./stage-log";

const kinds = [
  { value: "runtime", label: "Runtime" },
  { value: "access", label: "Access" },
];
const sinces = [
  { value: "15m", label: "15 min" },
  { value: "1h", label: "1 h" },
  { value: "24h", label: "24 h" },
  { value: "all", label: "All" },
];
const spans = Object.fromEntries(sinces.map((one) => [one.value, one.label]));
const kSince = "1h"; // when nothing is said

export default function Logs() {
  const { stack = "", stage = "" } = useParams();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const asked = useQuery(stackOf(stack));
  const kind = query.get("kind") === "access" ? "access" : "runtime";
  const since = sinces.some((one) => one.value === query.get("since")) ? (query.get("since") ?? kSince) : kSince;
  const place = asked.data?.stages.find((one) => one.name === stage);
  const grep = query.get("grep") ?? "";
  const said = query.get("level");
  const level = kind === "runtime" && isLevel(said) ? said : null;
  const to = (next: { kind?: string; since?: string; stage?: string; grep?: string; level?: Level | null }) => {
    const filter = filterQuery(next.grep ?? grep, next.level === undefined ? level : next.level);
    return navigate({
      pathname: `/stacks/${stack}/stages/${next.stage ?? stage}/logs`,
      search: `?kind=${next.kind ?? kind}&since=${next.since ?? since}${filter && `&${filter}`}`,
    });
  };
  return (
    <>
      <PageHead
        title={`Logs of ${stage}`}
        trail={[{ name: stack, to: `/stacks/${stack}` }]}
        actions={
          <>
            <Button component={Link} variant="default" leftSection={<IconChartLine size={16} />} to={`/stacks/${stack}/stages/${stage}/monitoring`}>
              Monitoring
            </Button>
            {asked.data && asked.data.stages.length > 1 && (
              <Select
                aria-label="Stage"
                w={160}
                data={asked.data.stages.map((one) => one.name)}
                value={stage}
                allowDeselect={false}
                onChange={(next) => next && to({ stage: next })}
              />
            )}
          </>
        }
      />
      {asked.error && !asked.data ? (
        <Problem error={asked.error} retry={() => void asked.refetch()} />
      ) : !asked.data ? (
        <Loading rows={4} />
      ) : !place ? (
        <Empty icon={IconFileText} title={`${stack} has no stage ${stage}`}>
          It may have been deleted. The logs of its deployments stay, in the stack's history.
        </Empty>
      ) : (
        <>
          <Group mb="md" gap="sm">
            <SegmentedControl aria-label="Kind of log" data={kinds} value={kind} onChange={(next) => to({ kind: next })} />
            <LogFilter grep={grep} level={kind === "runtime" ? level : undefined} change={to} />
            <SegmentedControl ml="auto" aria-label="Since when" data={sinces} value={since} onChange={(next) => to({ since: next })} />
          </Group>
          <StageLog key={`${place.id} ${kind} ${since} ${level} ${grep}`} stage={place} span={spans[since]} {...{ kind, since, grep, level }} />
          {kind === "runtime" && (
            <Text size="sm" c="dimmed" mt="md">
              Before each line stands who wrote it: 12.3.0 is instance 0 of change 12, in the stage's attempt 3.
            </Text>
          )}
          <Newest stage={place} />
        </>
      )}
    </>
  );
}

/** Links to the logs that belong to a deployment rather than to the stage. */
function Newest({ stage }: { stage: Stage }) {
  const newest = stage.active ?? stage.last ?? stage.current;
  if (!newest) return null;
  const to = (step: string) => `/stacks/${stage.stack}/deployments/${newest.deployment}?step=${step}`;
  return (
    <Text size="sm" c="dimmed" mt="md">
      The newest deployment, #{newest.change}:{" "}
      <Anchor component={Link} size="sm" underline="always" to={to("building")}>
        build log
      </Anchor>
      {", "}
      <Anchor component={Link} size="sm" underline="always" to={to("releasing")}>
        release log
      </Anchor>
      {", "}
      <Anchor component={Link} size="sm" underline="always" to={to("all")}>
        all steps
      </Anchor>
    </Text>
  );
}
