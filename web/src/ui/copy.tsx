import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** A button that copies; `what` names it: "Copy the address". */
export function Copy({ value, what, size = "sm" }: { value: string; what: string; size?: "sm" | "md" }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : what} openDelay={300}>
          <ActionIcon variant="subtle" color={copied ? "green" : "gray"} size={size} onClick={copy} aria-label={copied ? "Copied" : what}>
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
