import { Badge, Button, Group, Modal, Select, Stack as Column, Switch, Table, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Me, type Schemas, type Stack, type Stage, told } from "@/api/client";
import { type VariableKind, variables } from "@/api/settings";
import { redeploys } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { type Difference, differences, type Variables } from "@/lib/variables";
import { plural } from "@/lib/words";
import { Loading, Problem } from "@/ui/answers";
import classes from "./variables.module.css";

const words: Record<Difference["state"], string> = {
  same: "same",
  different: "differs",
  unknown: "cannot be compared",
  "only here": "only here",
  "only there": "only there",
};

function Side({ one }: { one?: { value?: string; secret: boolean } }) {
  if (!one) return <Text size="sm" c="dimmed">—</Text>;
  if (one.secret)
    return (
      <Badge color="gray" variant="light" tt="none" leftSection={<IconLock size={12} aria-hidden />}>
        secret
      </Badge>
    );
  return one.value ? (
    <span className={classes.value}>{one.value}</span>
  ) : (
    <Text size="sm" c="dimmed" fs="italic">
      empty
    </Text>
  );
}

/** How the variables differ from another stage's, and copying those here: on the server, so that secrets stay secret. */
export function Compare({
  stack,
  stage,
  kind,
  here,
  me,
  why,
  copied,
  close,
}: {
  stack: Stack;
  stage: Stage;
  kind: VariableKind;
  here: Variables;
  me: Me;
  /** Why nothing can be copied here. */
  why?: string;
  copied: (answer: Schemas["CopiedVariables"]) => void;
  close: () => void;
}) {
  const others = stack.stages.filter((one) => one.id !== stage.id && one.position !== undefined);
  const [name, setName] = useState(others[0]?.name ?? "");
  const [all, setAll] = useState(false);
  const there = useQuery({ ...variables(stack.name, name, kind), enabled: name !== "" });
  const copy = useMutation({
    mutationFn: () =>
      told(
        client.POST("/api/v1/stacks/{stack}/stages/{stage}/variables/copy", {
          params: { path: { stack: stack.name, stage: stage.name } },
          body: { from: name, kind },
        }),
      ),
    onSuccess: (answer) => {
      copied(answer);
      close();
    },
  });
  const rows = there.data ? differences(here, there.data.value) : [];
  const seen = all ? rows : rows.filter((one) => one.state !== "same");
  const brings = rows.filter((one) => one.there && one.state !== "same").length;
  const gated = others.find((one) => one.name === name)?.requires_approval && mayNot(me.role, "admin");
  const refused = why ?? (gated ? `${name} requires approval: only an admin may copy its variables.` : undefined);
  return (
    <Modal opened onClose={close} title={`The ${kind} variables of ${stage.name} and of another stage`} size="xl" centered>
      <Column gap="md">
        <Group align="end">
          <Select
            label="Compare with"
            data={others.map((one) => one.name)}
            value={name}
            onChange={(next) => {
              setName(next ?? "");
              copy.reset();
            }}
            allowDeselect={false}
          />
          <Switch label="Also those that are the same" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} mb={8} />
        </Group>
        {there.isPending && <Loading rows={3} height={36} />}
        {there.isError && <Problem error={there.error} retry={() => void there.refetch()} />}
        {there.data &&
          (seen.length === 0 ? (
            <Text size="sm">{rows.length === 0 ? "Neither of them has any." : "No difference."}</Text>
          ) : (
            <div className={classes.scroll} tabIndex={0} role="region" aria-label="Differences">
              <Table verticalSpacing={6} miw={520}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>{stage.name} (here)</Table.Th>
                    <Table.Th>{name}</Table.Th>
                    <Table.Th>State</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {seen.map((one) => (
                    <Table.Tr key={one.name}>
                      <Table.Th scope="row" fw={500} className={classes.mono}>
                        {one.name}
                      </Table.Th>
                      <Table.Td>
                        <Side one={one.here} />
                      </Table.Td>
                      <Table.Td>
                        <Side one={one.there} />
                      </Table.Td>
                      <Table.Td>{words[one.state]}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          ))}
        {copy.error && <Problem error={copy.error} title="Not copied" />}
        {there.data && (
          <Group justify="space-between" gap="sm">
            <Text size="sm" c={refused ? "dimmed" : undefined} style={{ flex: "1 1 280px" }}>
              {refused ??
                (brings === 0
                  ? `${name} has nothing that ${stage.name} lacks.`
                  : `Copying writes over what is here and is saved at once, secrets included; what is only here stays. ${redeploys(stage, kind)}`)}
            </Text>
            <Group gap="xs">
              <Button variant="default" onClick={close}>
                Close
              </Button>
              <Button disabled={brings === 0 || refused !== undefined} loading={copy.isPending} onClick={() => copy.mutate()}>
                {brings === 0 ? "Copy here" : `Copy ${plural(brings, "variable")} here`}
              </Button>
            </Group>
          </Group>
        )}
      </Column>
    </Modal>
  );
}
