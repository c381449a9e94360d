import { Select, Text } from "@mantine/core";
import { useState } from "react";
import { type Change, client, type Stack, type Stage, told } from "@/api/client";
import { inOrder } from "@/lib/flow";
import { headline } from "@/lib/words";
import { ActFrame } from "./act-dialog";
import type { ActProps } from "./acts";

/** Changes that succeeded in a stage standing before this one (R8.4), newest first. */
function candidates(stack: Stack, stage: Stage, changes: Map<number, Change>): number[] {
  const before = inOrder(stack).filter((one) => (one.position ?? 0) < (stage.position ?? 0));
  const names = new Set(before.map((one) => one.name));
  const out = new Set(before.flatMap((one) => (one.current ? [one.current.change] : [])));
  for (const change of changes.values())
    if (change.stages.some((one) => !one.deleted && one.state === "succeeded" && names.has(one.stage))) out.add(change.number);
  out.delete(stage.current?.change ?? -1);
  return [...out].sort((a, b) => b - a);
}

export function Promote({ stack, stage, changes, close }: ActProps) {
  const options = candidates(stack, stage, changes);
  const [picked, setPicked] = useState<number>();
  const change = picked ?? options[0];
  const pending = stage.approval;
  return (
    <ActFrame
      stage={stage}
      title={`Promote to ${stage.name}`}
      label={change ? `Promote #${change}` : "Promote"}
      done={`#${change} is promoted to ${stage.name}.`}
      disabled={!change}
      close={close}
      send={() =>
        told(
          client.POST("/api/v1/stacks/{stack}/stages/{stage}/promote", {
            params: { path: { stack: stage.stack, stage: stage.name } },
            body: { change: change ?? 0 },
          }),
        )
      }
    >
      {change === undefined ? (
        <Text size="sm">No other change has succeeded in a stage before {stage.name}; only such a one can be promoted.</Text>
      ) : (
        <>
          <Select
            label="Change"
            allowDeselect={false}
            value={String(change)}
            onChange={(value) => value && setPicked(Number(value))}
            data={options.map((one) => ({ value: String(one), label: `#${one} ${changes.has(one) ? headline(changes.get(one)!.message) : ""}` }))}
          />
          <Text size="sm">
            Brings #{change} past the gate of {stage.name} and deploys it, without asking again: this is the decision.
            {pending && pending.change <= change && ` It supersedes #${pending.change}, which waits for approval.`}
            {stage.current && stage.current.change > change && ` ${stage.name} runs #${stage.current.change}, which is newer.`}
          </Text>
        </>
      )}
    </ActFrame>
  );
}
