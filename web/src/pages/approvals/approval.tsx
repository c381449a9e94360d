import { Button, Stack } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useParams, useSearchParams } from "react-router-dom";
import { ApiError, type ApprovalDetail } from "@/api/client";
import { lastApproval } from "@/api/history";
import { approval, stack as stackQuery } from "@/api/queries";
import { approvalLook } from "@/lib/states";
import { headline } from "@/lib/words";
import { Loading, Problem } from "@/ui/answers";
import { Differences } from "@/ui/differences";
import { Notice } from "@/ui/notice";
import { PageHead } from "@/ui/page";
import { StackTabs } from "@/ui/stack-tabs";
import { State } from "@/ui/state";
import classes from "./approval.module.css";
import { Decision, type Done } from "./decision";
import { Decided, Moved, Nothing } from "./news";
import { StagesBefore } from "./stages-before";
import { Summary } from "./what-ships";

/**
 * One approval. What is shown stays the change that was shown first, whatever reaches the gate meanwhile: a newer one is
 * told of and looked at by a click, so nobody can approve what they have not seen.
 */
function Gate({ stack, stage }: { stack: string; stage: string }) {
  const [address, setAddress] = useSearchParams();
  const latest = useQuery(approval(stack, stage));
  const stages = useQuery(stackQuery(stack));
  const [shown, setShown] = useState<ApprovalDetail>();
  const [done, setDone] = useState<Done>();

  const nothing = latest.error instanceof ApiError && latest.error.status === 404;
  const now = nothing ? undefined : latest.data;
  if (now && now !== shown && (!shown || shown.change === now.change) && !done) setShown(now);
  const moved = shown !== undefined && !done && (nothing || (now !== undefined && now.change !== shown.change));
  const fate = useQuery({ ...lastApproval(stack, stage, shown?.change), enabled: moved });

  const cameFor = Number(address.get("change")) || undefined;
  const look = (at: ApprovalDetail) => {
    setShown(at);
    setDone(undefined);
    setAddress({ change: String(at.change) }, { replace: true });
    window.scrollTo({ top: 0 });
  };
  const newer = now && now.change !== shown?.change && (
    <Button size="xs" variant="light" mt="sm" rightSection={<IconArrowRight size={14} aria-hidden />} onClick={() => look(now)}>
      Look at #{now.change}
    </Button>
  );

  const state = done?.state ?? (moved ? fate.data?.state : "pending");
  const head = (
    <>
      <PageHead
        title={shown ? `#${shown.change} for ${stage}` : `Approval at ${stage}`}
        trail={[
          { name: "Approvals", to: "/approvals" },
          { name: stack, to: `/stacks/${stack}` },
        ]}
        badge={shown && state && <State look={approvalLook(state)} />}
      />
      <StackTabs stack={stack} />
    </>
  );
  if (!shown) {
    return (
      <>
        {head}
        {latest.isPending ? (
          <Loading rows={4} height={88} />
        ) : nothing ? (
          <Nothing stack={stack} stage={stage} change={cameFor} />
        ) : (
          <Problem error={latest.error} retry={() => void latest.refetch()} />
        )}
      </>
    );
  }
  const here = stages.data?.stages.find((one) => one.name === stage);
  return (
    <>
      {head}
      <Stack mb={moved || done || (cameFor && cameFor !== shown.change) ? "lg" : 0} gap="sm" aria-live="polite">
        {done && <Decided stack={stack} stage={stage} done={done} next={newer} />}
        {moved && <Moved stack={stack} stage={stage} change={shown.change} fate={fate.data ?? undefined} next={newer} nothing={nothing} />}
        {!moved && !done && cameFor && cameFor !== shown.change && (
          <CameFor stack={stack} stage={stage} change={cameFor} now={shown} />
        )}
      </Stack>
      <div className={classes.page}>
        <Stack gap="xl">
          <Summary detail={shown} stage={here} past={moved || done !== undefined} />
          <StagesBefore detail={shown} />
          <Differences what={shown} would alike={`Nothing was saved for ${shown.stage} since what runs was deployed.`} />
        </Stack>
        {!moved && !done && <Decision detail={shown} stage={here} onDone={setDone} again={() => void latest.refetch()} />}
      </div>
    </>
  );
}

/** One came by a link about a change that waits no longer. */
function CameFor({ stack, stage, change, now }: { stack: string; stage: string; change: number; now: ApprovalDetail }) {
  const { data } = useQuery(lastApproval(stack, stage, change));
  if (!data || data.state === "pending") return null;
  return (
    <Notice color="blue" role="status" title={`#${change} waits no longer`}>
      You came for #{change}, which is {approvalLook(data.state).word}
      {data.superseded_by ? ` by #${data.superseded_by}` : data.by ? ` by ${data.by}` : ""}. What waits now is #{now.change}, “
      {headline(now.message)}”; it is shown below.
    </Notice>
  );
}

export default function ApprovalPage() {
  const { stack = "", stage = "" } = useParams();
  return <Gate key={`${stack}/${stage}`} stack={stack} stage={stage} />;
}
