import { Anchor, Button, Card, Code, Group, Popover, Text, Title } from "@mantine/core";
import { IconGitBranch, IconGitCommit, IconTerminal2 } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Change, Stack } from "@/api/client";
import { headline, short } from "@/lib/words";
import { Age } from "@/ui/age";
import { Commands, pushCommands } from "@/ui/commands";
import { Copy } from "@/ui/copy";
import classes from "./pipeline.module.css";

/** Where the code comes from: repository, branch, newest check-in. */
export function CodeTile({ stack, newest }: { stack: Stack; newest?: Change }) {
  const commands = pushCommands(stack.git_url, stack.repository.branch);
  return (
    <Card withBorder padding="sm" className={classes.tile} component="section" aria-label="Code">
      <Group justify="space-between" wrap="nowrap" mih={28}>
        <Title order={2} size="h5">
          Code
        </Title>
        <Group gap={4} wrap="nowrap" c="dimmed" fz="xs" style={{ minWidth: 0 }}>
          <IconGitBranch size={14} aria-hidden style={{ flexShrink: 0 }} />
          <Text inherit truncate title={stack.repository.branch}>
            {stack.repository.branch}
          </Text>
        </Group>
      </Group>
      {stack.newest ? (
        <div className={classes.change}>
          <Anchor component={Link} to={`/stacks/${stack.name}/changes/${stack.newest.change}`} c="inherit" fw={500} size="sm" className={classes.message}>
            #{stack.newest.change} {headline(stack.newest.message)}
          </Anchor>
          <Text size="xs" c="dimmed" component="div" className={classes.facts}>
            {newest && <span>{newest.author.name}</span>}
            {newest && <Age at={newest.at} />}
            <span className={classes.commit}>
              <IconGitCommit size={13} aria-hidden />
              {short(stack.newest.commit)}
            </span>
          </Text>
        </div>
      ) : (
        <div className={classes.change}>
          <Text size="sm" mb={8}>
            Nothing pushed yet. In the folder of your repository:
          </Text>
          <Commands lines={commands} />
        </div>
      )}
      <div className={classes.foot}>
        <Group gap={4} wrap="nowrap">
          <Text size="xs" truncate ff="monospace" title={stack.git_url} style={{ minWidth: 0, flex: 1 }}>
            {stack.git_url.replace(/^https?:\/\//, "")}
          </Text>
          <Copy value={stack.git_url} what="Copy the clone address" />
        </Group>
        {stack.newest && (
          <Popover width={420} position="bottom-start" shadow="md" trapFocus>
            <Popover.Target>
              <Button variant="subtle" color="gray" size="compact-xs" leftSection={<IconTerminal2 size={14} />} className={classes.push}>
                How to push
              </Button>
            </Popover.Target>
            <Popover.Dropdown maw="94vw">
              <Text size="sm" mb="xs">
                In the folder of a repository; <Code>sluice login</Code> comes before, once.
              </Text>
              <Commands lines={commands} />
            </Popover.Dropdown>
          </Popover>
        )}
      </div>
    </Card>
  );
}
