import { Text } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Stage } from "@/api/client";
import { useLog } from "@/api/log";
import { accessBriefHead, accessHead, presentAccess, presentAccessBriefly } from "@/lib/log-access";
import { filterQuery, type Level, presentRuntime } from "@/lib/log-runtime";
import { LogView } from "@/ui/log-view";

const milliseconds: Record<string, number> = { "15m": 900_000, "1h": 3_600_000, "24h": 86_400_000 };

interface Asked {
  stage: Stage;
  /** What `since` is called; absent: all there is. */
  span: string | undefined;
  kind: "runtime" | "access";
  since: string;
  grep: string;
  level: Level | null;
}

/** The runtime or access log of a stage, followed. */
export function StageLog({ stage, span, kind, since, grep, level }: Asked) {
  const filter = filterQuery(grep, level);
  const path = useMemo(() => {
    const back = milliseconds[since];
    const from = back ? `since=${encodeURIComponent(new Date(Date.now() - back).toISOString())}` : "";
    const asked = [from, filter].filter(Boolean).join("&");
    return `/api/v1/stacks/${stage.stack}/stages/${stage.name}/logs/${kind}${asked && `?${asked}`}`;
  }, [stage.stack, stage.name, kind, since, filter]);
  const access = kind === "access";
  const [narrow] = useState(() => window.innerWidth < 700);
  const present = narrow ? presentAccessBriefly : presentAccess;
  const log = useLog(path, { mixed: true, present: access ? present : presentRuntime });
  return (
    <LogView
      log={log}
      path={path}
      label={`the ${kind} log of ${stage.name}`}
      file={`${stage.stack}-${stage.name}-${kind}.log`}
      search={`?kind=${kind}&since=${since}${filter && `&${filter}`}`}
      kind={kind}
      timesFirst
      fill
      head={access ? (narrow ? accessBriefHead : accessHead) : undefined}
      empty={
        <Text c="dimmed" size="sm" p="md" ff="text">
          {log.phase === "loading"
            ? "Reading the log…"
            : filter
              ? `No such line${since === "all" ? "" : ` in the last ${span}`}. What comes now and fits appears here.`
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
