import { Group, Loader, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconCircle, IconCircleCheck, IconCircleMinus, IconList } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Deployment, Step } from "@/api/client";
import { steps as order, stepLook } from "@/lib/states";
import { duration } from "@/lib/time";
import { useNow } from "@/ui/age";
import classes from "./deployment.module.css";

const icons = { running: null, succeeded: IconCircleCheck, failed: IconAlertTriangle, cancelled: IconCircleMinus };

function Mark({ state }: { state: Step["state"] | undefined }) {
  if (!state) return <IconCircle size={16} color="var(--mantine-color-dimmed)" aria-hidden />;
  const Icon = icons[state];
  const { color } = stepLook(state);
  if (!Icon) return <Loader size={14} color={color} type="oval" aria-hidden />;
  return <Icon size={16} color={`light-dark(var(--mantine-color-${color}-8), var(--mantine-color-${color}-4))`} aria-hidden />;
}

/** How long it took, or takes so far. */
export function Took({ from, to }: { from: string; to?: string }) {
  const now = useNow();
  return <>{duration((to ? Date.parse(to) : Math.max(now, Date.parse(from))) - Date.parse(from))}</>;
}

function Row({ here, open, mark, name, state, time }: { here: boolean; open: () => void; mark: ReactNode; name: string; state?: string; time?: ReactNode }) {
  return (
    <UnstyledButton className={classes.step} aria-current={here} onClick={open}>
      <Group gap={8} wrap="nowrap" justify="space-between">
        <Group gap={8} wrap="nowrap">
          {mark}
          <Text size="sm" fw={here ? 600 : 400}>
            {name}
            {state && <span className={classes.unseen}>, {state}</span>}
          </Text>
        </Group>
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          {time}
        </Text>
      </Group>
    </UnstyledButton>
  );
}

/** The steps of a deployment with their times; each opens its log, the first row the log of all. */
export function Steps({ deployment, step, open }: { deployment: Deployment; step: string; open: (step: string) => void }) {
  const done = new Set(deployment.steps.map((one) => one.name));
  const ended = deployment.ended_at !== undefined;
  const left = ended || deployment.state === "cancelling" ? [] : order.filter((name) => !done.has(name));
  return (
    <nav aria-label="Steps" className={classes.steps}>
      <Row
        here={step === ""}
        open={() => open("")}
        mark={<IconList size={16} aria-hidden />}
        name="All steps"
        time={deployment.started_at && <Took from={deployment.started_at} to={deployment.ended_at} />}
      />
      {deployment.steps.map((one, i) => (
        <Row
          key={`${one.name}${i}`}
          here={step === one.name}
          open={() => open(one.name)}
          mark={<Mark state={one.state} />}
          name={one.name}
          state={stepLook(one.state).word}
          time={<Took from={one.started_at} to={one.ended_at} />}
        />
      ))}
      {left.map((name) => (
        <Group key={name} className={classes.left} gap={8} wrap="nowrap">
          <Mark state={undefined} />
          <Text size="sm" c="dimmed">
            {name}
            <span className={classes.unseen}>, not begun</span>
          </Text>
        </Group>
      ))}
    </nav>
  );
}
