import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router-dom";
import type { Deployment } from "@/api/client";
import { type Log, useLog } from "@/api/log";
import { change as changeOf, deployment as one, me, stack as stackOf } from "@/api/queries";
import { findLast } from "@/lib/log-find";
import { changeLook, hasEnded } from "@/lib/states";
import { headline } from "@/lib/words";
import { Loading, Problem } from "@/ui/answers";
import { LogView } from "@/ui/log-view";
import { PageHead } from "@/ui/page";
import { State } from "@/ui/state";
import { Acts } from "./acts";
import classes from "./deployment.module.css";
import { Facts } from "./facts";
import { reasons } from "./offers";
import { Outcome } from "./outcome";
import { Steps } from "./steps";

export default function DeploymentPage() {
  const { deployment: id = "" } = useParams();
  const asked = useQuery(one(id));
  if (asked.data) return <Shown key={id} deployment={asked.data} />;
  return (
    <>
      <PageHead title="Deployment" />
      {asked.error ? <Problem error={asked.error} retry={() => void asked.refetch()} /> : <Loading rows={4} />}
    </>
  );
}

function Shown({ deployment }: { deployment: Deployment }) {
  const { stack, stage, change: number } = deployment;
  const who = useQuery(me());
  const change = useQuery(changeOf(stack, number));
  const all = useQuery(stackOf(stack));
  const place = all.data?.stages.find((it) => it.name === stage);
  const role = who.data?.role;
  return (
    <>
      <PageHead
        title={`#${number} to ${stage}`}
        trail={[
          { name: stack, to: `/stacks/${stack}` },
          { name: "History", to: `/stacks/${stack}/history?stage=${stage}` },
        ]}
        badge={<State look={changeLook(deployment.state)} size="lg" />}
        actions={role && <Acts deployment={deployment} stage={place} role={role} />}
      />
      <Text mt={-8} mb="md" c="dimmed">
        {change.data ? headline(change.data.message) : "\u00a0"}
      </Text>
      <Facts deployment={deployment} change={change.data} />
      <Outcome deployment={deployment} />
      <StepsAndLog deployment={deployment} />
    </>
  );
}

/** The lines of the log that the deployment's error ends with, once they are there. */
function useMarked({ store, phase }: Log, error: string | undefined) {
  return useMemo(() => {
    const lines = reasons(error)?.lines ?? [];
    return phase === "done" && lines.length > 0 ? findLast(store, lines) : null;
  }, [store, phase, error]);
}

function StepsAndLog({ deployment }: { deployment: Deployment }) {
  const navigate = useNavigate();
  const [query] = useSearchParams();
  // The step that failed is what one came for; else all of it. It stays what it was when the page was opened.
  const [first] = useState(() => deployment.steps.find((step) => step.state === "failed")?.name ?? "all");
  const named = query.get("step") ?? first;
  const step = named === "all" ? "" : named;
  const path = `/api/v1/deployments/${encodeURIComponent(deployment.id)}/log${step ? `?step=${encodeURIComponent(step)}` : ""}`;
  const log = useLog(path);
  const marked = useMarked(log, deployment.error);
  const running = !hasEnded(deployment.state);
  const what = step ? `the log of ${step}` : "the log of all steps";
  return (
    <div className={classes.grid}>
      <Steps deployment={deployment} step={step} open={(next) => navigate({ search: `?step=${next || "all"}` }, { replace: true })} />
      <LogView
        key={path}
        log={log}
        path={path}
        label={what}
        file={`${deployment.stack}-${deployment.stage}-${deployment.change}-${step || "all"}.log`}
        search={`?step=${step || "all"}`}
        kind="deployment"
        atEnd={running || deployment.state === "failed"}
        marked={marked}
        empty={
          <Text c="dimmed" size="sm" p="md" ff="text">
            {log.phase === "loading"
              ? "Reading the log…"
              : deployment.state === "queued"
                ? "It waits for its turn; the log begins when it starts."
                : log.phase === "live"
                  ? "Nothing written yet."
                  : "Nothing was written."}
          </Text>
        }
      />
    </div>
  );
}
