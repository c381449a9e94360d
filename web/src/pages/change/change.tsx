import { Anchor, Button, Group, Paper, SimpleGrid, Text, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router-dom";
import type { Change as ChangeData } from "@/api/client";
import { change as changeQuery, stack as stackQuery } from "@/api/queries";
import { headline } from "@/lib/words";
import { Age } from "@/ui/age";
import { Loading, Problem } from "@/ui/answers";
import { Commit } from "@/ui/commit";
import { PageHead } from "@/ui/page";
import { StackTabs } from "@/ui/stack-tabs";
import classes from "./change.module.css";
import { Places } from "./places";
import { Way } from "./way";

function Neighbours({ stack, number, newest }: { stack: string; number: number; newest: number }) {
  const to = (change: number) => `/stacks/${stack}/changes/${change}`;
  return (
    <Group gap={4}>
      {number > 1 && (
        <Button component={Link} to={to(number - 1)} variant="subtle" size="compact-sm" leftSection={<IconChevronLeft size={14} aria-hidden />} aria-label={`The change before, #${number - 1}`}>
          #{number - 1}
        </Button>
      )}
      {number < newest && (
        <Button component={Link} to={to(number + 1)} variant="subtle" size="compact-sm" rightSection={<IconChevronRight size={14} aria-hidden />} aria-label={`The change after, #${number + 1}`}>
          #{number + 1}
        </Button>
      )}
    </Group>
  );
}

function Body({ stack, change }: { stack: string; change: ChangeData }) {
  const rest = change.message.split("\n").slice(1).join("\n").trim();
  return (
    <>
      <Group gap="xs" mb="lg" c="dimmed" fz="sm">
        <span>
          {change.author.name} {change.author.email && `<${change.author.email}>`}
        </span>
        <span aria-hidden>·</span>
        <Age at={change.at} />
        <span aria-hidden>·</span>
        <span>on {change.branch}</span>
        <span aria-hidden>·</span>
        <Commit hash={change.commit} />
      </Group>
      {rest && (
        <Paper withBorder p="md" mb="lg" className={classes.message}>
          {rest}
        </Paper>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xl">
        <section aria-labelledby="places">
          <Title order={2} size="h4" mb="sm" id="places">
            Where it is
          </Title>
          <Places stack={stack} change={change} />
          <Text size="sm" c="dimmed" mt="sm">
            To promote it or to roll back, go to the{" "}
            <Anchor component={Link} to={`/stacks/${stack}`} size="sm" underline="always">
              pipeline
            </Anchor>
            .
          </Text>
        </section>
        <section aria-labelledby="way">
          <Title order={2} size="h4" mb="sm" id="way">
            Its way
          </Title>
          <Way stack={stack} change={change} />
        </section>
      </SimpleGrid>
    </>
  );
}

/** One check-in: what it is, where it is, and how it got there. */
export default function Change() {
  const { stack = "", change: text = "" } = useParams();
  const number = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  const change = useQuery({ ...changeQuery(stack, number), enabled: number > 0 });
  const { data } = useQuery(stackQuery(stack));
  return (
    <>
      <PageHead
        title={change.data ? `#${number} ${headline(change.data.message)}` : `Change #${text}`}
        trail={[
          { name: "Stacks", to: "/" },
          { name: stack, to: `/stacks/${stack}` },
          { name: "History", to: `/stacks/${stack}/history` },
        ]}
        actions={data?.newest && number > 0 && <Neighbours stack={stack} number={number} newest={data.newest.change} />}
      />
      <StackTabs stack={stack} />
      {change.data ? (
        <Body stack={stack} change={change.data} />
      ) : number === 0 ? (
        <Problem error={`“${text}” is not the number of a change.`} title="Not found" />
      ) : change.isPending ? (
        <Loading rows={3} height={64} />
      ) : (
        <Problem error={change.error} retry={() => void change.refetch()} />
      )}
    </>
  );
}
