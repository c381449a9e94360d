import { Badge } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Stack } from "@/api/client";
import { inOrder } from "@/lib/flow";
import { stageLook } from "@/lib/states";
import { waiting } from "@/lib/stacks";
import { headline } from "@/lib/words";
import { stateIcons } from "@/ui/state";
import classes from "./stacks.module.css";

/** The stages of a stack in a line: where it stands at a glance. */
export function Strip({ stack, most = 8 }: { stack: Stack; most?: number }) {
  const stages = inOrder(stack);
  if (stages.length === 0) return <span className={classes.strip}>no stages</span>;
  return (
    <span className={classes.strip}>
      {stages.slice(0, most).map((stage) => {
        const look = stageLook(stage.state, stage.rest);
        const Icon = stateIcons[look.icon];
        return (
          <span key={stage.id} className={classes.pip} title={`${stage.name}: ${look.word}`}>
            <Icon size={14} color={`var(--mantine-color-${look.color}-text)`} aria-hidden />
            {stage.name}
            <span className={classes.unseen}> {look.word}</span>
          </span>
        );
      })}
      {stages.length > most && <span>+{stages.length - most}</span>}
    </span>
  );
}

/** What waits for a decision, each a link to where it is decided. */
export function Waits({ stack }: { stack: Stack }) {
  return waiting(stack).map((stage) => (
    <Badge
      key={stage.id}
      className={classes.above}
      component={Link}
      to={`/stacks/${stack.name}/stages/${stage.name}/approval`}
      color="yellow"
      variant="light"
      tt="none"
      leftSection={<IconHandStop size={13} aria-hidden />}
      style={{ cursor: "pointer" }}
    >
      #{stage.approval!.change} waits for {stage.name}
    </Badge>
  ));
}

export const newestWords = (stack: Stack): string =>
  stack.newest ? `#${stack.newest.change} ${headline(stack.newest.message)}` : "Nothing pushed yet";
