import { Text } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Deployment } from "@/api/client";
import { useDeployments } from "@/api/history";
import { changeLook, hasEnded } from "@/lib/states";
import { duration } from "@/lib/time";
import { kindWord, worked } from "@/lib/timeline";
import { short } from "@/lib/words";
import { Age, useNow } from "@/ui/age";
import { Empty, Loading, Problem } from "@/ui/answers";
import { LongList } from "@/ui/long-list";
import { State } from "@/ui/state";
import classes from "./history.module.css";

function Took({ deployment }: { deployment: Deployment }) {
  const now = useNow();
  const time = worked(deployment, now);
  return <>{time === undefined ? "–" : duration(hasEnded(deployment.state) ? time : Math.floor(time / 1000) * 1000)}</>;
}

function Row({ deployment }: { deployment: Deployment }) {
  const { stack, id, stage, change, commit, state, kind, repeats, by, queued_at, error, superseded_by } = deployment;
  const why = error ?? (superseded_by ? `superseded by #${superseded_by}` : undefined);
  const what = repeats ? `${kindWord(kind)} of ${kindWord(repeats)}` : kindWord(kind);
  return (
    <div className={classes.deployment}>
      <State look={changeLook(state)} />
      <div style={{ minWidth: 0 }}>
        <Link className={classes.name} to={`/stacks/${stack}/deployments/${id}`}>
          #{change} to {stage}
        </Link>{" "}
        <Text span size="sm" c="dimmed" ff="monospace" className={classes.commit}>
          {short(commit)}
        </Text>
        {why && (
          <Text size="sm" c={state === "failed" ? "red" : "dimmed"} className={classes.one} title={why}>
            {why}
          </Text>
        )}
      </div>
      <Text size="sm" c="dimmed" className={classes.wide}>
        {what}
      </Text>
      <Text size="sm" c="dimmed" className={classes.wide} title="How long it worked">
        <Took deployment={deployment} />
      </Text>
      <Text size="sm" c="dimmed" className={`${classes.wide} ${classes.one}`} title={`By ${by}`}>
        {by}
      </Text>
      <Text size="sm" c="dimmed" ta="right">
        <Age at={queued_at} bare />
      </Text>
      <Text size="sm" c="dimmed" className={classes.narrow}>
        {what} by {by} · <Took deployment={deployment} />
      </Text>
    </div>
  );
}

const idOf = (deployment: Deployment) => deployment.id;

export function Deployments({ stack, stage }: { stack: string; stage: string }) {
  const list = useDeployments(stack, stage);
  if (list.isPending) return <Loading rows={8} height={48} />;
  if (list.items.length === 0 && list.error) return <Problem error={list.error} retry={() => void list.refetch()} />;
  if (list.items.length === 0) {
    return (
      <Empty icon={IconRocket} title={stage ? `Nothing was deployed to ${stage} yet` : "Nothing was deployed yet"}>
        Every attempt to bring a change to a stage is listed here, with who caused it, how long it took and how it ended.
      </Empty>
    );
  }
  return (
    <LongList
      label="Deployments"
      items={list.items}
      id={idOf}
      row={(deployment) => <Row deployment={deployment} />}
      height={46}
      more={list}
    />
  );
}
