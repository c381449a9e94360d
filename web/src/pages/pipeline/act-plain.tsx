import { Text } from "@mantine/core";
import { useState } from "react";
import { client, told } from "@/api/client";
import { headline } from "@/lib/words";
import { ActFrame } from "./act-dialog";
import type { Act, ActProps } from "./acts";

type PlainAct = Exclude<Act, "redeploy" | "rollback" | "promote">;

/** The acts that need nothing but a yes. */
export function Plain({ stage: now, changes, close, act }: ActProps & { act: PlainAct }) {
  const [stage] = useState(now); // what was shown is what is done, whatever events come meanwhile
  const params = { path: { stack: stage.stack, stage: stage.name } };
  const named = (change?: number) => {
    const message = change === undefined ? undefined : changes.get(change)?.message;
    return `#${change}${message ? ` “${headline(message)}”` : ""}`;
  };
  const cancel = (deployment: string) =>
    told(client.POST("/api/v1/deployments/{deployment}/cancel", { params: { path: { deployment } }, body: {} }));
  const all: Record<PlainAct, { title: string; label: string; done: string; says: string; send: () => Promise<unknown>; color?: string }> = {
    retry: {
      title: `Retry in ${stage.name}?`,
      label: "Retry",
      done: `${stage.name} tries #${stage.last?.change} again.`,
      says: `Tries ${named(stage.last?.change)} again, with the settings of now.${stage.requires_approval ? ` ${stage.name} requires approval: this is the decision.` : ""}`,
      send: () =>
        told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/retry", { params, body: stage.last && { deployment: stage.last.deployment } })),
    },
    cancel: {
      title: `Cancel in ${stage.name}?`,
      label: "Cancel the deployment",
      color: "red",
      done: `#${stage.active?.change} is being cancelled in ${stage.name}.`,
      says: `Stops ${named(stage.active?.change)} here; it does not go on to later stages. ${stage.current ? `${stage.name} goes on serving #${stage.current.change}.` : `Nothing runs in ${stage.name} then.`}`,
      send: () => cancel(stage.active?.deployment ?? ""),
    },
    "cancel-waiting": {
      title: `Cancel what comes next in ${stage.name}?`,
      label: "Cancel the deployment",
      color: "red",
      done: `#${stage.waiting?.change} is cancelled in ${stage.name}.`,
      says: `${named(stage.waiting?.change)} will not be deployed here, and does not go on to later stages. What runs now is not touched.`,
      send: () => cancel(stage.waiting?.deployment ?? ""),
    },
    pause: {
      title: `Pause ${stage.name}?`,
      label: "Pause",
      done: `${stage.name} is paused.`,
      says: `Until somebody resumes it, no change comes to ${stage.name} by itself and none can be approved for it; the newest is held at its gate. What runs and what goes on there is not touched.`,
      send: () => told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/pause", { params, body: {} })),
    },
    resume: {
      title: `Resume ${stage.name}?`,
      label: "Resume",
      done: `${stage.name} is resumed.`,
      says: stage.held
        ? `${named(stage.held.change)} is let in${stage.requires_approval ? ", and asks for approval" : " and deploys at once"}.`
        : `Changes come to ${stage.name} again${stage.requires_approval ? ", and ask for approval" : " by themselves"}. Nothing is held now.`,
      send: () => told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/resume", { params, body: {} })),
    },
  };
  const { says, ...frame } = all[act];
  return (
    <ActFrame stage={stage} close={close} {...frame}>
      <Text size="sm">{says}</Text>
    </ActFrame>
  );
}
