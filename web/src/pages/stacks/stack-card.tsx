import { Anchor, Card, Group, Text, Title } from "@mantine/core";
import { IconGitBranch } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Stack } from "@/api/client";
import { lastChange, overall, waiting } from "@/lib/stacks";
import { Age } from "@/ui/age";
import { State } from "@/ui/state";
import { newestWords, Strip, Waits } from "./stack-parts";
import classes from "./stacks.module.css";

export function StackCard({ stack }: { stack: Stack }) {
  return (
    <Card withBorder padding="md" className={classes.card}>
      <Group justify="space-between" wrap="nowrap" mb={6}>
        <Title order={2} size="h4" style={{ minWidth: 0 }}>
          <Anchor component={Link} to={`/stacks/${stack.name}`} inherit c="inherit" className={classes.whole}>
            {stack.name}
          </Anchor>
        </Title>
        <State look={overall(stack)} />
      </Group>
      <Text size="sm" truncate c={stack.newest ? undefined : "dimmed"}>
        {newestWords(stack)}
      </Text>
      <Group gap={6} c="dimmed" fz="xs" mt={4} wrap="nowrap">
        {stack.newest?.author && (
          <>
            <Text inherit span truncate title={`${stack.newest.author.name} <${stack.newest.author.email}>`}>
              {stack.newest.author.name}
            </Text>
            <span aria-hidden>·</span>
          </>
        )}
        <span className={classes.above}>
          {!stack.newest && "made "}
          <Age at={lastChange(stack)} />
        </span>
        <span aria-hidden>·</span>
        <IconGitBranch size={13} aria-hidden style={{ flexShrink: 0 }} />
        <Text inherit span truncate maw={160} title={stack.repository.branch}>
          {stack.repository.branch}
        </Text>
      </Group>
      <div className={classes.foot}>
        <Strip stack={stack} />
        {waiting(stack).length > 0 && (
          <Group gap={6} mt={10}>
            <Waits stack={stack} />
          </Group>
        )}
      </div>
    </Card>
  );
}
