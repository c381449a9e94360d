import { Anchor, Group, Text, Timeline } from "@mantine/core";
import { IconArrowBarToDown, IconCircleCheck, IconCircleMinus, IconClockHour4, IconRocket, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "react-router-dom";
import type { Approval, Change, Deployment } from "@/api/client";
import { approvalsOf, deploymentsOf } from "@/api/history";
import { approvalLook, changeLook } from "@/lib/states";
import { duration } from "@/lib/time";
import { kindSentence, type Moment, wayOf, worked } from "@/lib/timeline";
import { Age, useNow } from "@/ui/age";
import { Loading, Problem } from "@/ui/answers";
import { State } from "@/ui/state";

function Deployed({ deployment }: { deployment: Deployment }) {
  const now = useNow();
  const time = worked(deployment, now);
  const { stack, stage, id, by, state, error, superseded_by } = deployment;
  return (
    <>
      <Group gap="xs">
        <State size="sm" look={changeLook(state)} />
        <Text size="sm" c="dimmed">
          by {by}
          {time !== undefined && `, ${duration(time)}`}
          {superseded_by !== undefined && `, by #${superseded_by}`}
        </Text>
        <Anchor component={Link} to={`/stacks/${stack}/deployments/${id}`} size="sm" aria-label={`Deployment to ${stage}, ${changeLook(state).word}`}>
          Deployment
        </Anchor>
      </Group>
      {error && (
        <Text size="sm" c={state === "failed" ? "red" : "dimmed"}>
          {error}
        </Text>
      )}
    </>
  );
}

const Quote = ({ children }: { children: string }) => (
  <Text size="sm" mt={2} style={{ whiteSpace: "pre-wrap" }}>
    “{children}”
  </Text>
);

function Decided({ approval }: { approval: Approval }) {
  const { by, superseded_by, comment } = approval;
  return (
    <>
      <Text size="sm" c="dimmed">
        {by ? `by ${by}` : superseded_by ? `by #${superseded_by}` : ""}
      </Text>
      {comment && <Quote>{comment}</Quote>}
    </>
  );
}

function shape(moment: Moment, change: Change): { icon: Icon; color: string; title: string; body?: ReactNode } {
  switch (moment.kind) {
    case "checked-in":
      return {
        icon: IconArrowBarToDown,
        color: "gray",
        title: `Checked in on ${change.branch}`,
        body: (
          <Text size="sm" c="dimmed">
            by {change.author.name}
          </Text>
        ),
      };
    case "asked":
      return { icon: IconClockHour4, color: "yellow", title: `Asked for approval at ${moment.approval.stage}` };
    case "decided": {
      const look = approvalLook(moment.approval.state);
      const word = look.word.charAt(0).toUpperCase() + look.word.slice(1);
      return {
        icon: look.icon === "ok" ? IconCircleCheck : IconCircleMinus,
        color: look.color,
        title: `${word} at ${moment.approval.stage}`,
        body: <Decided approval={moment.approval} />,
      };
    }
    case "deployed": {
      const { kind, stage, state } = moment.deployment;
      return {
        icon: IconRocket,
        color: changeLook(state).color,
        title: kindSentence(kind, stage),
        body: <Deployed deployment={moment.deployment} />,
      };
    }
  }
}

/** A change's way through time, oldest first: what came in, who was asked and decided, what was deployed where. */
export function Way({ stack, change }: { stack: string; change: Change }) {
  const deployments = useQuery(deploymentsOf(stack, change.number));
  const approvals = useQuery(approvalsOf(stack, change.number));
  const failed = [deployments, approvals].find((one) => one.isError && !one.data);
  if (failed) return <Problem error={failed.error} retry={() => void failed.refetch()} />;
  if (!deployments.data || !approvals.data) return <Loading rows={3} height={48} />;
  const way = wayOf(change, deployments.data, approvals.data);
  return (
    <Timeline active={way.length} bulletSize={24} lineWidth={2}>
      {way.map((moment, index) => {
        const { icon: Icon, color, title, body } = shape(moment, change);
        return (
          <Timeline.Item
            key={index}
            color={color}
            bullet={<Icon size={14} aria-hidden />}
            title={
              <Group gap="xs" justify="space-between" wrap="nowrap" align="baseline">
                <Text fw={500} size="sm">
                  {title}
                </Text>
                <Text size="sm" c="dimmed" component="span">
                  <Age at={moment.at} />
                </Text>
              </Group>
            }
          >
            {body}
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}
