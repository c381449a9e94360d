import { Anchor, Group, SegmentedControl, Select, Text } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router-dom";
import type { Stage } from "@/api/client";
import { useLog } from "@/api/log";
import { stack as stackOf } from "@/api/queries";
import { accessBriefHead, accessHead, presentAccess, presentAccessBriefly } from "@/lib/log-access";
import { Empty, Loading, Problem } from "@/ui/answers";
import { LogView } from "@/ui/log-view";
import { PageHead } from "@/ui/page";

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
const milliseconds: Record<string, number> = { "15m": 900_000, "1h": 3_600_000, "24h": 86_400_000 };
const kSince = "1h"; // when nothing is said

export default function Logs() {
  const { stack = "", stage = "" } = useParams();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const asked = useQuery(stackOf(stack));
  const kind = query.get("kind") === "access" ? "access" : "runtime";
  const since = sinces.some((one) => one.value === query.get("since")) ? (query.get("since") ?? kSince) : kSince;
  const place = asked.data?.stages.find((one) => one.name === stage);
  const to = (next: { kind?: string; since?: string; stage?: string }) =>
    navigate({
      pathname: `/stacks/${stack}/stages/${next.stage ?? stage}/logs`,
      search: `?kind=${next.kind ?? kind}&since=${next.since ?? since}`,
    });
  return (
    <>
      <PageHead
        title={`Logs of ${stage}`}
        trail={[{ name: stack, to: `/stacks/${stack}` }]}
        actions={asked.data && asked.data.stages.length > 1 && (
          <Select
            aria-label="Stage"
            w={160}
            data={asked.data.stages.map((one) => one.name)}
            value={stage}
            allowDeselect={false}
            onChange={(next) => next && to({ stage: next })}
          />
        )}
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
          <Group mb="md" justify="space-between" gap="sm">
            <SegmentedControl aria-label="Kind of log" data={kinds} value={kind} onChange={(next) => to({ kind: next })} />
            <SegmentedControl aria-label="Since when" data={sinces} value={since} onChange={(next) => to({ since: next })} />
          </Group>
          <StageLog key={`${place.id} ${kind} ${since}`} stage={place} kind={kind} since={since} />
          <Newest stage={place} />
        </>
      )}
    </>
  );
}

function StageLog({ stage, kind, since }: { stage: Stage; kind: "runtime" | "access"; since: string }) {
  const path = useMemo(() => {
    const back = milliseconds[since];
    const from = back ? `?since=${encodeURIComponent(new Date(Date.now() - back).toISOString())}` : "";
    return `/api/v1/stacks/${stage.stack}/stages/${stage.name}/logs/${kind}${from}`;
  }, [stage.stack, stage.name, kind, since]);
  const access = kind === "access";
  const [narrow] = useState(() => window.innerWidth < 700);
  const present = narrow ? presentAccessBriefly : presentAccess;
  const log = useLog(path, { mixed: true, present: access ? present : undefined });
  const span = sinces.find((one) => one.value === since)?.label;
  return (
    <LogView
      log={log}
      path={path}
      label={`the ${kind} log of ${stage.name}`}
      file={`${stage.stack}-${stage.name}-${kind}.log`}
      search={`?kind=${kind}&since=${since}`}
      kind={kind}
      timesFirst
      fill
      head={access ? (narrow ? accessBriefHead : accessHead) : undefined}
      empty={
        <Text c="dimmed" size="sm" p="md" ff="text">
          {log.phase === "loading"
            ? "Reading the log…"
            : since === "all"
              ? access
                ? "Nobody has asked this stage for anything yet; requests appear here as they come."
                : "Its instances have written nothing yet; what they write to standard output and standard error appears here."
              : `Nothing in the last ${span}. What comes now appears here.`}
        </Text>
      }
    />
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
