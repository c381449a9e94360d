import { ActionIcon, Badge, Tooltip } from "@mantine/core";
import { IconArrowRight, IconClockPause, IconHandStop, IconPlayerPause, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Stage } from "@/api/client";
import { Age } from "@/ui/age";
import classes from "./pipeline.module.css";

/** The entrance of a stage: open, asks for approval, paused; and what stands before it. */
export function Gate({ stage, add, where }: { stage: Stage; add?: () => void; where: string }) {
  const { approval, held } = stage;
  const kind = stage.paused ? "paused" : stage.requires_approval ? "approval" : "automatic";
  const tip = stage.paused
    ? `Nothing new starts in ${stage.name} by itself until it is resumed.`
    : stage.requires_approval
      ? `A change waits here until somebody approves it for ${stage.name}.`
      : `A change that succeeds goes on to ${stage.name} by itself.`;
  const Icon = stage.paused ? IconPlayerPause : stage.requires_approval ? IconHandStop : IconArrowRight;
  return (
    <div className={classes.gate} data-stopped={kind !== "automatic" || undefined}>
      <div className={classes.gateBody}>
        <Tooltip label={tip} multiline maw={260}>
          <span className={classes.gateKind} tabIndex={0}>
            <Icon size={17} aria-hidden className={classes.gateIcon} />
            {kind}
          </span>
        </Tooltip>
        {approval && (
          <Link to={`/stacks/${stage.stack}/stages/${stage.name}/approval`} className={classes.waits} aria-label={`Change ${approval.change} waits for approval in ${stage.name}: decide`}>
            <Badge color="yellow" variant="light" tt="none" style={{ cursor: "pointer" }}>
              #{approval.change} waits
            </Badge>
            <span>
              for <Age at={approval.since} bare />
            </span>
          </Link>
        )}
        {held && (
          <span className={classes.waits}>
            <Badge color="yellow" variant="light" tt="none" leftSection={<IconClockPause size={13} aria-hidden />}>
              #{held.change} held
            </Badge>
            <span>
              for <Age at={held.since} bare />
            </span>
          </span>
        )}
      </div>
      {add && (
        <Tooltip label={`Add a stage ${where}`}>
          <ActionIcon className={classes.insert} variant="default" size="sm" radius="xl" aria-label={`Add a stage ${where}`} onClick={add}>
            <IconPlus size={13} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  );
}
