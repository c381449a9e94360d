import { Checkbox, Text } from "@mantine/core";
import { useState } from "react";
import { client, told } from "@/api/client";
import { ActFrame } from "./act-dialog";
import type { ActProps } from "./acts";

export function Redeploy({ stage, close }: ActProps) {
  const [rebuild, setRebuild] = useState(false);
  return (
    <ActFrame
      stage={stage}
      title={`Redeploy ${stage.name}?`}
      label="Redeploy"
      done={`${stage.name} is redeployed.`}
      close={close}
      send={() =>
        told(
          client.POST("/api/v1/stacks/{stack}/stages/{stage}/redeploy", {
            params: { path: { stack: stage.stack, stage: stage.name } },
            body: { rebuild },
          }),
        )
      }
    >
      <Text size="sm">
        Runs {stage.current ? `#${stage.current.change}, which ${stage.name} runs now,` : "what runs there"} again with the settings of now.
        Nothing goes on to other stages.
      </Text>
      <Checkbox
        label="Build anew"
        description="Even where an earlier build of the same inputs is kept."
        checked={rebuild}
        onChange={(event) => setRebuild(event.currentTarget.checked)}
      />
    </ActFrame>
  );
}
