import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Finding } from "@/api/client";
import { findings } from "@/api/queries";
import { plural } from "@/lib/words";
import { Loading, Problem } from "@/ui/answers";
import list from "@/ui/list.module.css";
import { Notice } from "@/ui/notice";
import { PageHead } from "@/ui/page";
import { Prose } from "@/ui/prose";
import classes from "./doctor.module.css";

function Wrong({ finding }: { finding: Finding }) {
  const problem = finding.severity === "problem";
  return (
    <Notice color={problem ? "red" : "yellow"} icon={<IconAlertTriangle />} title={`${problem ? "Problem" : "Warning"}: ${finding.title}`}>
      <Prose text={finding.detail} />
      {finding.remedy && (
        <Text size="sm" mt={4}>
          <b>To do:</b> <Prose text={finding.remedy} />
        </Text>
      )}
    </Notice>
  );
}

function Well({ all }: { all: Finding[] }) {
  return (
    <ul className={list.list} aria-labelledby="well">
      {all.map(({ id, title, detail }) => (
        <li key={id} className={classes.well}>
          <IconCircleCheck size={18} aria-hidden className={classes.icon} />
          <Text size="sm" fw={600} className={classes.title}>
            {title}
          </Text>
          <Text size="sm" c="dimmed">
            <Prose text={detail} />
          </Text>
        </li>
      ))}
    </ul>
  );
}

/** What looking at the server and its machine gave: what is wrong and what to do, then what is well. */
export default function Doctor() {
  const asked = useQuery({ ...findings(), refetchOnMount: "always" });
  const items = asked.data?.items ?? [];
  const wrong = items.filter((one) => one.severity !== "ok");
  const well = items.filter((one) => one.severity === "ok");
  return (
    <>
      <PageHead
        title="Doctor"
        actions={
          <Button variant="default" leftSection={<IconRefresh size={16} />} loading={asked.isFetching} onClick={() => void asked.refetch()}>
            Look again
          </Button>
        }
      />
      {asked.isPending ? (
        <Loading rows={6} height={44} />
      ) : asked.isError ? (
        <Problem error={asked.error} retry={() => void asked.refetch()} />
      ) : (
        <Stack maw={860} gap="md" aria-live="polite">
          {wrong.length === 0 ? (
            <Group gap="sm">
              <IconCircleCheck size={28} aria-hidden className={classes.icon} />
              <div>
                <Text fw={600} size="lg">
                  All is well
                </Text>
                <Text size="sm" c="dimmed">
                  {plural(well.length, "thing")} of the server and its machine {well.length === 1 ? "was" : "were"} looked at.
                </Text>
              </div>
            </Group>
          ) : (
            wrong.map((finding) => <Wrong key={finding.id} finding={finding} />)
          )}
          {well.length > 0 && (
            <section>
              <Title order={2} size="h5" mb="sm" mt="xs" id="well">
                {wrong.length === 0 ? "What was looked at" : "What is well"}
              </Title>
              <Well all={well} />
            </section>
          )}
        </Stack>
      )}
    </>
  );
}
