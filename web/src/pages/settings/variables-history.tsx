import { Button, Card, Code, Group, List, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { client, type Schemas, type Stage, told } from "@/api/client";
import { keys } from "@/api/queries";
import type { VariableKind } from "@/api/settings";
import { namesOf } from "@/lib/variables";
import { Age } from "@/ui/age";
import { Problem } from "@/ui/answers";

type Save = Schemas["VariablesSave"];
type Page = Schemas["VariablesSavePage"];

function origin(save: Save): string {
  if (save.copied_from) return `, copied from ${save.copied_from}`;
  return save.taken_from_revision ? `, as they were in settings revision ${save.taken_from_revision}` : "";
}

/** Who added, changed or removed which variables of a kind; values are nowhere in it. */
export function VariablesHistory({ stage, kind }: { stage: Stage; kind: VariableKind }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: keys.variables(stage.stack, stage.name, "history"),
    queryFn: ({ pageParam, signal }) =>
      told(
        client.GET("/api/v1/stacks/{stack}/stages/{stage}/variables/history", {
          params: { path: { stack: stage.stack, stage: stage.name }, query: { limit: 50, after: pageParam || undefined } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last: Page) => last.next ?? undefined,
  });
  const saves = (data?.pages ?? [])
    .flatMap((page) => page.items)
    .map((save) => ({ ...save, groups: namesOf(save.variables, kind) }))
    .filter((save) => save.groups.length > 0);
  return (
    <Card withBorder radius="md" p="lg" mt="md" component="section" aria-label={`History of ${kind} variables`}>
      <Title order={2} size="h5" mb="xs">
        Who changed what
      </Title>
      {error && !data ? (
        <Problem error={error} retry={() => void refetch()} />
      ) : saves.length === 0 ? (
        <Text size="sm" c="dimmed">
          {data ? `Nobody changed a ${kind} variable yet. Names and persons appear here, never a value.` : "Reading…"}
        </Text>
      ) : (
        <List listStyleType="none" spacing={6} size="sm">
          {saves.map((save) => (
            <List.Item key={save.settings_revision}>
              <b>{save.by}</b>{" "}
              {save.groups.map(({ what, names }, i) => (
                <Fragment key={what}>
                  {i > 0 && "; "}
                  {what}{" "}
                  {names.map((name, j) => (
                    <Fragment key={name}>
                      {j > 0 && ", "}
                      <Code>{name}</Code>
                    </Fragment>
                  ))}
                </Fragment>
              ))}
              {origin(save)}{" "}
              <Text span size="sm" c="dimmed">
                <Age at={save.at} />
              </Text>
            </List.Item>
          ))}
        </List>
      )}
      {hasNextPage && (
        <Group mt="sm">
          <Button size="xs" variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older
          </Button>
        </Group>
      )}
    </Card>
  );
}
