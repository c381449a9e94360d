import { ActionIcon, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { short } from "@/lib/words";

/** A commit by the first digits of its hash; the whole of it is a click away. */
export function Commit({ hash }: { hash: string }) {
  return (
    <Group gap={2} wrap="nowrap" component="span" display="inline-flex">
      <Code title={hash}>{short(hash)}</Code>
      <CopyButton value={hash} timeout={1500}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : "Copy the whole hash"} openDelay={300}>
            <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={`Copy commit ${short(hash)}`}>
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
