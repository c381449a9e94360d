import { Anchor, Badge, Button, Card, Group, Text, Title } from "@mantine/core";
import { IconDatabase, IconExternalLink, IconGitCommit, IconMapPin, IconMoon, IconServer2 } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Change, Role, Stack, Stage } from "@/api/client";
import { behind, canRetry } from "@/lib/flow";
import { mayNot } from "@/lib/may";
import { restWords } from "@/lib/resting";
import { changeLook, stageLook } from "@/lib/states";
import { headline, plural, short } from "@/lib/words";
import { Age } from "@/ui/age";
import { Copy } from "@/ui/copy";
import { State } from "@/ui/state";
import type { Act } from "./acts";
import { InFlight } from "./in-flight";
import classes from "./pipeline.module.css";
import { StageMenu } from "./stage-menu";
import { StageUsage } from "./stage-usage";

interface Props {
  stack: Stack;
  stage: Stage;
  changes: Map<number, Change>;
  role: Role;
  act: (what: Act) => void;
}

/** One stage: its state, what it serves, what goes on in it, where it is reached. */
export function StageTile({ stack, stage, changes, role, act }: Props) {
  const { current, active, waiting } = stage;
  const late = behind(stack, stage);
  return (
    <Card withBorder padding="sm" className={classes.tile} component="section" aria-label={`Stage ${stage.name}`} id={stage.name} tabIndex={-1} data-state={stage.state}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap={2}>
        <Group justify="space-between" gap="2px 6px" mih={28} className={classes.name}>
          <Title order={2} size="h5" style={{ minWidth: 0 }} lineClamp={2}>
            {stage.name}
          </Title>
          <State look={stageLook(stage.state, stage.rest)} />
        </Group>
        <StageMenu stage={stage} role={role} act={act} />
      </Group>
      {active && <InFlight stage={stage} change={changes.get(active.change)} />}
      {waiting && (
        <Group gap={6} className={classes.next} wrap="nowrap" justify="space-between">
          <Text size="xs">
            <Anchor component={Link} inherit to={`/stacks/${stack.name}/deployments/${waiting.deployment}`}>
              #{waiting.change}
            </Anchor>{" "}
            comes next, waits for <Age at={waiting.since} bare />
          </Text>
        </Group>
      )}
      {!active && <Trouble stage={stage} role={role} act={act} />}
      {current ? (
        <div className={classes.change}>
          {(active || stage.state === "failed") && (
            <Text size="xs" c="dimmed">
              Serves
            </Text>
          )}
          <Anchor component={Link} to={`/stacks/${stack.name}/changes/${current.change}`} c="inherit" fw={500} size="sm" className={classes.message}>
            #{current.change} {headline(current.message)}
          </Anchor>
          <Text size="xs" c="dimmed" component="div" className={classes.facts}>
            {changes.get(current.change) && <span>{changes.get(current.change)!.author.name}</span>}
            <Age at={current.since} />
            <span className={classes.commit}>
              <IconGitCommit size={13} aria-hidden />
              {short(current.commit)}
            </span>
          </Text>
          {late > 0 && (
            <Badge mt={6} size="sm" variant="default" tt="none">
              {plural(late, "change")} behind
            </Badge>
          )}
        </div>
      ) : (
        !active && (
          <Text size="sm" c="dimmed" className={classes.change}>
            {stage.state === "failed" ? "Nothing runs here." : stack.newest ? "No change has come here yet." : "Waits for the first push."}
          </Text>
        )
      )}
      <div className={classes.foot}>
        {current && <Address stage={stage} />}
        <Facts stage={stage} />
        <StageUsage stage={stage} />
      </div>
    </Card>
  );
}

/** What went wrong last, in its first line, and how to try again. */
function Trouble({ stage, role, act }: Pick<Props, "stage" | "role" | "act">) {
  const { last } = stage;
  if (!last || (last.state !== "failed" && last.state !== "cancelled")) return null;
  const failed = last.state === "failed";
  return (
    <div className={classes.trouble} data-failed={failed || undefined}>
      <Text size="sm" className={classes.message}>
        <Anchor component={Link} inherit fw={500} c="inherit" underline="always" to={`/stacks/${stage.stack}/deployments/${last.deployment}`}>
          #{last.change} {changeLook(last.state).word}
        </Anchor>
        {last.error && `: ${headline(last.error)}`}
      </Text>
      {canRetry(stage) && !mayNot(role, "rerun", stage) && (
        <Button size="compact-xs" variant="default" mt={6} onClick={() => act("retry")}>
          Retry
        </Button>
      )}
    </div>
  );
}

function Address({ stage }: { stage: Stage }) {
  return (
    <Group gap={2} wrap="nowrap">
      <Anchor href={stage.url} target="_blank" rel="noreferrer" size="xs" title={stage.url} className={classes.address}>
        <span className={classes.host}>{stage.url.replace(/^https?:\/\//, "")}</span>
        <IconExternalLink size={13} className={classes.out} aria-label="opens a new tab" />
      </Anchor>
      <Copy value={stage.url} what={`Copy the address of ${stage.name}`} />
    </Group>
  );
}

const databases = { none: "no database", new: "database", existing: "own database" };

function Facts({ stage }: { stage: Stage }) {
  const facts = [
    { icon: IconMapPin, text: stage.region },
    { icon: IconServer2, text: plural(stage.instances, "instance") },
    ...(stage.rest ? [{ icon: IconMoon, text: restWords(stage.rest) }] : []),
    { icon: IconDatabase, text: databases[stage.database.kind] },
  ];
  return (
    <Text size="xs" c="dimmed" component="div" className={classes.facts}>
      {facts.map(({ icon: Icon, text }) => (
        <span key={text} className={classes.commit}>
          <Icon size={13} aria-hidden />
          {text}
        </span>
      ))}
    </Text>
  );
}
