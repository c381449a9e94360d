import { Anchor, Code, Text } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Deployment } from "@/api/client";
import { tidy, visible } from "@/lib/ansi";
import { Notice } from "@/ui/notice";
import { Prose } from "@/ui/prose";
import classes from "./deployment.module.css";
import { reasons } from "./offers";

/** Why it ended as it did, in one sentence, with the lines that matter. */
export function Outcome({ deployment }: { deployment: Deployment }) {
  const { state, stack, stage, superseded_by, returned, change } = deployment;
  const why = reasons(deployment.error);
  const step = deployment.steps.find((one) => one.state === "failed")?.name;
  if (state === "failed")
    return (
      <Notice role="status" color="red" icon={<IconAlertTriangle />} mb="lg" title={step ? `Failed while ${step}` : "Failed"}>
        <Text size="sm"><Prose text={why?.sentence ?? "It did not say why."} /></Text>
        {why && why.lines.length > 0 && (
          <Code block className={classes.lines} tabIndex={0} aria-label="The last lines of its output">
            {why.lines.map((line) => visible(tidy(line))).join("\n")}
          </Code>
        )}
        <Anchor component={Link} size="sm" c="inherit" underline="always" mt="xs" display="inline-block" to={`/stacks/${stack}/deployments/${deployment.id}/comparison`}>
          What differs from what ran before
        </Anchor>
      </Notice>
    );
  if (deployment.note)
    return (
      <Notice color="gray" icon={<IconInfoCircle />} mb="lg">
        <Text size="sm"><Prose text={reasons(deployment.note)?.sentence ?? ""} /></Text>
      </Notice>
    );
  if (state !== "superseded" && !(why && (state === "cancelled" || state === "cancelling"))) return null;
  return (
    <Notice color="gray" icon={<IconInfoCircle />} mb="lg">
      <Text size="sm">
        {state === "superseded" ? (
          returned ? (
            `It went back to its gate: #${change} waits at ${stage} again or has gone on from there.`
          ) : superseded_by ? (
            <>
              Before it began, a newer change took its place:{" "}
              <Anchor component={Link} size="sm" underline="always" to={`/stacks/${stack}/changes/${superseded_by}`}>
                #{superseded_by}
              </Anchor>
              .
            </>
          ) : (
            (why?.sentence ?? "Before it began, a newer one took its place.")
          )
        ) : (
          why?.sentence
        )}
      </Text>
    </Notice>
  );
}
