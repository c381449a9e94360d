import { Anchor, Paper, Text } from "@mantine/core";
import { IconAlertTriangle, IconArrowRight } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { ApprovalDetail, Stage } from "@/api/client";
import { whereItGoes } from "@/lib/approval";
import { headline } from "@/lib/words";
import { Age } from "@/ui/age";
import { Commit } from "@/ui/commit";
import { Notice } from "@/ui/notice";
import classes from "./approval.module.css";

interface SideProps {
  title: string;
  stack: string;
  change?: number;
  message?: string;
  commit?: string;
  at?: string;
  verb: string;
}
function Side({ title, stack, change, message, commit, at, verb }: SideProps) {
  return (
    <Paper withBorder p="md">
      <Text size="sm" c="dimmed">
        {title}
        {at && (
          <>
            {" "}
            · {verb} <Age at={at} />
          </>
        )}
      </Text>
      {change === undefined ? (
        <Text>Nothing yet</Text>
      ) : (
        <>
          <Anchor component={Link} to={`/stacks/${stack}/changes/${change}`} fw={600} c="inherit">
            #{change} {headline(message)}
          </Anchor>
          {commit && (
            <div>
              <Commit hash={commit} />
            </div>
          )}
        </>
      )}
    </Paper>
  );
}

/** What runs and what would run, and where history goes between the two; `past`: it waits no longer. */
export function Summary({ detail, stage, past }: { detail: ApprovalDetail; stage?: Stage; past: boolean }) {
  const { stack, change, message, commit, since, from } = detail;
  const goes = whereItGoes(detail);
  const deployed = stage?.current && stage.current.change === from?.change ? stage.current.since : undefined;
  return (
    <div>
      <div className={classes.from}>
        <Side
          title={past ? "Ran when this was asked" : "Runs now"}
          verb="deployed"
          stack={stack}
          change={from?.change}
          message={from?.message}
          commit={from?.commit}
          at={deployed}
        />
        <IconArrowRight aria-hidden color="var(--mantine-color-dimmed)" />
        <Side title={past ? "Was to run" : "Would run"} verb="asked" stack={stack} change={change} message={message} commit={commit} at={since} />
      </div>
      {past ? null : goes.careful ? (
        <Notice color="yellow" icon={<IconAlertTriangle />} mt="md" title="Look twice">
          {goes.text}
        </Notice>
      ) : (
        <Text mt="md">{goes.text}</Text>
      )}
    </div>
  );
}
