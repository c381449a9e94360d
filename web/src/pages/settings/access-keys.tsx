import { Button, Code, Group, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, type Stage, told } from "@/api/client";
import { accessKeys } from "@/api/settings";
import { keyNameProblem } from "@/lib/endpoint";
import { Age } from "@/ui/age";
import { Loading, Problem } from "@/ui/answers";
import { Copy } from "@/ui/copy";
import { Notice } from "@/ui/notice";
import { Section } from "./form";

/** The keys of a stage; they open it while its access is private. */
export function AccessKeys({ stack, stage, why }: { stack: string; stage: Stage; why?: string }) {
  const cache = useQueryClient();
  const query = accessKeys(stack, stage.name);
  const list = useQuery(query);
  const [name, setName] = useState("");
  const [wrong, setWrong] = useState<string>();
  const refresh = () => cache.invalidateQueries({ queryKey: query.queryKey });
  const make = useMutation({
    mutationFn: () => told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/keys", { params: { path: { stack, stage: stage.name } }, body: { name } })),
    onSuccess: () => setName(""),
    onSettled: refresh,
  });
  const revoke = useMutation({
    mutationFn: (key: string) => told(client.DELETE("/api/v1/stacks/{stack}/stages/{stage}/keys/{key}", { params: { path: { stack, stage: stage.name, key } } })),
    onSettled: refresh,
  });
  const all = list.data?.items ?? [];
  const inField = make.error instanceof ApiError ? make.error.field("name") : undefined;
  return (
    <Section
      title="Access keys"
      about={
        stage.access === "private"
          ? "Whoever has one may open this stage: as the password with any user name, as a bearer token, or as X-Api-Key."
          : "They are asked for once the access is private; make them before."
      }
    >
      {list.isPending && <Loading rows={1} height={60} />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data && all.length === 0 && (
        <Text size="sm" c={stage.access === "private" ? "orange" : "dimmed"}>
          {stage.access === "private" ? "There is no key: nobody can open this stage." : "There is no key yet."}
        </Text>
      )}
      {make.data && (
        <Notice color="yellow" title={`${make.data.name}: copy it now, it is shown this once`} role="status">
          <Group gap="xs" wrap="nowrap">
            <Code style={{ wordBreak: "break-all" }}>{make.data.key}</Code>
            <Copy value={make.data.key} what="Copy the key" />
          </Group>
        </Notice>
      )}
      {all.length > 0 && (
        <Table verticalSpacing={6} aria-label="Access keys">
          <Table.Tbody>
            {all.map((key) => (
              <Table.Tr key={key.name}>
                <Table.Td>
                  <Text size="sm" fw={500} style={{ wordBreak: "break-all" }}>
                    {key.name}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Text size="sm" c="dimmed">
                    <Age at={key.created_at} /> by {key.created_by}
                  </Text>
                </Table.Td>
                <Table.Td ta="right">
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    disabled={why !== undefined}
                    loading={revoke.isPending && revoke.variables === key.name}
                    onClick={() => revoke.mutate(key.name)}
                    aria-label={`Revoke ${key.name}`}
                  >
                    Revoke
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {revoke.error && <Problem error={revoke.error} title="Not revoked" />}
      <Group
        component="form"
        gap="sm"
        align="flex-end"
        onSubmit={(event: React.FormEvent) => {
          event.preventDefault();
          const problem = keyNameProblem(name);
          setWrong(problem);
          if (!problem) make.mutate();
        }}
      >
        <TextInput
          label="New key"
          placeholder="phone"
          value={name}
          disabled={why !== undefined}
          error={wrong ?? inField}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={(event) => {
            setName(event.currentTarget.value.trim());
            setWrong(undefined);
            if (make.isError) make.reset();
          }}
        />
        <Button type="submit" variant="light" loading={make.isPending} disabled={why !== undefined}>
          Make key
        </Button>
      </Group>
      {make.error && !inField && <Problem error={make.error} title="Not made" />}
    </Section>
  );
}
