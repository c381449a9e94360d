import { Anchor, Button, Group, Text } from "@mantine/core";
import { IconCircleCheck, IconCircleMinus, IconInfoCircle, IconSquareCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "react-router-dom";
import type { Approval } from "@/api/client";
import { lastApproval } from "@/api/history";
import { approvals } from "@/api/queries";
import { fate as fateOf } from "@/lib/approval";
import { Age } from "@/ui/age";
import { Empty, Loading, Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import type { Done } from "./decision";

/** What I have just decided, and where to go from here. */
export function Decided({ stack, stage, done, next }: { stack: string; stage: string; done: Done; next: ReactNode }) {
  const top = useRef<HTMLDivElement>(null);
  const { data } = useQuery(approvals());
  useEffect(() => {
    window.scrollTo({ top: 0 });
    top.current?.focus();
  }, []);
  const others = data?.items.filter((one) => one.stack !== stack || one.stage !== stage).length ?? 0;
  const yes = done.state === "approved";
  return (
    <Notice
      ref={top}
      tabIndex={-1}
      color={yes ? "green" : "gray"}
      icon={yes ? <IconCircleCheck /> : <IconCircleMinus />}
      title={yes ? `#${done.change} is approved and goes to ${stage}` : `#${done.change} is rejected and ends here`}
      role="status"
    >
      {!yes && <Text size="sm">{stage} goes on running what it ran. A later change asks anew.</Text>}
      <Group gap="md" mt="xs">
        {done.deployment && (
          <Button component={Link} size="xs" to={`/stacks/${stack}/deployments/${done.deployment}`}>
            Follow the deployment
          </Button>
        )}
        <Anchor component={Link} size="sm" underline="always" c="inherit" to={`/stacks/${stack}`}>
          To the pipeline
        </Anchor>
        {others > 0 && (
          <Anchor component={Link} size="sm" underline="always" c="inherit" to="/approvals">
            {others === 1 ? "One more waits" : `${others} more wait`}
          </Anchor>
        )}
      </Group>
      {next && (
        <Text size="sm" component="div" mt="sm">
          Another change waits here by now. {next}
        </Text>
      )}
    </Notice>
  );
}

/** What was shown waits no longer: news, with what waits instead. */
export function Moved({
  stack,
  stage,
  change,
  fate,
  next,
  nothing,
}: {
  stack: string;
  stage: string;
  change: number;
  fate?: Approval;
  next: ReactNode;
  nothing: boolean;
}) {
  return (
    <Notice color="blue" icon={<IconInfoCircle />} title={`#${change} waits no longer`} role="status">
      <Text size="sm">
        {fate && fate.state !== "pending" && fateOf(fate)}{" "}
        {fate?.decided_at && fate.state !== "superseded" && (
          <Text span size="sm" c="dimmed">
            <Age at={fate.decided_at} />
          </Text>
        )}
      </Text>
      {fate?.comment && <Text size="sm">“{fate.comment}”</Text>}
      {nothing ? (
        <Text size="sm" mt={4}>
          Nothing waits at {stage} now.{" "}
          <Anchor component={Link} size="sm" underline="always" c="inherit" to={`/stacks/${stack}`}>
            To the pipeline
          </Anchor>
        </Text>
      ) : (
        next
      )}
    </Notice>
  );
}

/** Nothing waited when the page was opened: what was decided here last, or what became of what one came for. */
export function Nothing({ stack, stage, change }: { stack: string; stage: string; change?: number }) {
  const last = useQuery(lastApproval(stack, stage, change));
  if (last.isPending) return <Loading rows={2} />;
  if (last.isError && !last.data) return <Problem error={last.error} retry={() => void last.refetch()} />;
  const known = last.data && last.data.state !== "pending" ? last.data : undefined;
  return (
    <Empty
      icon={IconSquareCheck}
      title={`Nothing waits for approval at ${stage}`}
      action={
        <Button component={Link} to={`/stacks/${stack}`} variant="light">
          To the pipeline
        </Button>
      }
    >
      {known ? (
        <>
          {fateOf(known)} {known.decided_at && <Age at={known.decided_at} />}
          {known.comment && <div>“{known.comment}”</div>}
        </>
      ) : (
        "When a change reaches this stage and it requires approval, the change waits here until somebody decides."
      )}
    </Empty>
  );
}
