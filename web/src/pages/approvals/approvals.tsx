import { Anchor, Text } from "@mantine/core";
import { IconChecklist, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import type { Approval } from "@/api/client";
import { useNotices, wantNotices } from "@/api/notices";
import { approvals, me } from "@/api/queries";
import { mayNot } from "@/lib/may";
import { headline, plural } from "@/lib/words";
import { Age } from "@/ui/age";
import { Empty, Loading, Problem } from "@/ui/answers";
import { PageHead } from "@/ui/page";
import list from "@/ui/list.module.css";
import classes from "./approvals.module.css";

function Row({ approval }: { approval: Approval }) {
  const { stack, stage, change, message, author, since, commits } = approval;
  return (
    <Link className={classes.row} to={`/stacks/${stack}/stages/${stage}/approval?change=${change}`}>
      <Text fw={600}>
        {stack} <Text span c="dimmed" fw={400} aria-hidden>/</Text> {stage}
      </Text>
      <div className={classes.what}>
        <Text className={classes.one}>
          <Text span c="dimmed" ff="monospace" size="sm">
            #{change}
          </Text>{" "}
          {headline(message)}
        </Text>
        <Text size="sm" c="dimmed" className={classes.one}>
          {author?.name}
        </Text>
      </div>
      <Text size="sm" c="dimmed">
        {commits === undefined ? "" : plural(commits, "commit")}
      </Text>
      <Text size="sm" c="dimmed">
        {since && <Age at={since} />}
      </Text>
      <IconChevronRight size={18} className={classes.arrow} aria-hidden />
    </Link>
  );
}

/** The quiet offer to be told by the browser. */
function Offer() {
  const notices = useNotices();
  if (notices === "impossible") return null;
  const say = (text: string, does?: string, want?: boolean) => (
    <Text size="sm" c="dimmed" mt="lg">
      {text}{" "}
      {does && (
        <Anchor component="button" type="button" size="sm" onClick={() => void wantNotices(want ?? false)}>
          {does}
        </Anchor>
      )}
    </Text>
  );
  if (notices === "blocked") return say("This browser blocks notifications from here; its settings for this site allow them again.");
  return notices === "on"
    ? say("This browser tells you of a new approval while you look elsewhere.", "Stop that", false)
    : say("A tab in the background can tell you when something waits.", "Notify me", true);
}

/** All that waits for a decision, across stacks. */
export default function Approvals() {
  const waiting = useQuery(approvals());
  const who = useQuery(me());
  const why = who.data && mayNot(who.data.role, "decide");
  const items = waiting.data?.items ?? [];
  return (
    <>
      <PageHead title="Approvals" />
      {waiting.isPending ? (
        <Loading rows={3} height={64} />
      ) : waiting.isError && !waiting.data ? (
        <Problem error={waiting.error} retry={() => void waiting.refetch()} />
      ) : items.length === 0 ? (
        <Empty icon={IconChecklist} title="Nothing waits for approval">
          When a change reaches a stage that requires approval, it waits here until somebody decides. A stage’s settings say
          whether it does.
        </Empty>
      ) : (
        <>
          {why && (
            <Text size="sm" c="dimmed" mb="sm">
              You can look at what waits. To decide: {why.charAt(0).toLowerCase() + why.slice(1)}
            </Text>
          )}
          <ul className={list.list}>
            {items.map((approval) => (
              <li key={`${approval.stack}/${approval.stage}`}>
                <Row approval={approval} />
              </li>
            ))}
          </ul>
          {waiting.data?.next && (
            <Text size="sm" c="dimmed" mt="sm">
              These are the newest {items.length}; more wait.
            </Text>
          )}
        </>
      )}
      <Offer />
    </>
  );
}
