import { Badge, Button, Card, Code, Group, Loader, Modal, Stack as Column, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Schemas, told } from "@/api/client";
import { keys, me as whoami } from "@/api/queries";
import { Loading, Problem } from "@/ui/answers";
import { PageHead } from "@/ui/page";
import classes from "@/ui/table.module.css";
import { NewRegion } from "./new-region";

type Region = Schemas["Region"];

function Remove({ region, close }: { region: Region; close: () => void }) {
  const cache = useQueryClient();
  const remove = useMutation({
    mutationFn: () => told(client.DELETE("/api/v1/regions/{region}", { params: { path: { region: region.name } } })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.regions() });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title={`Remove the region ${region.name}?`} centered>
      <Text size="sm">Its gateway stops, and what it kept goes. Backups of databases that were in it stay.</Text>
      {remove.error && <Problem error={remove.error} title="Not removed" />}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Cancel
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          Remove
        </Button>
      </Group>
    </Modal>
  );
}

function Row({ region, remove }: { region: Region; remove?: () => void }) {
  const note = region.problem ?? region.notice;
  const kept = region.name === "local" || region.stages > 0;
  return (
    <Table.Tr>
      <Table.Th scope="row">{region.name}</Table.Th>
      <Table.Td data-label="State">
        <Badge color={region.state === "up" ? "green" : "red"} variant="light" tt="none">
          {region.state}
        </Badge>
        {note && (
          <Text size="xs" c="dimmed" mt={4} maw={420}>
            {note}
          </Text>
        )}
      </Table.Td>
      <Table.Td data-label="Gateway">
        <Code>{region.gateway}</Code>
        {region.gateway_tls !== undefined && (
          <Text span size="xs" c="dimmed">
            {" "}
            TLS at {region.gateway_tls}
          </Text>
        )}
      </Table.Td>
      <Table.Td data-label="Stages">{region.stages}</Table.Td>
      <Table.Td className={classes.act}>
        {remove && !kept && (
          <Button size="compact-sm" variant="subtle" color="red" leftSection={<IconTrash size={14} />} onClick={remove} aria-label={`Remove ${region.name}`}>
            Remove
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

export default function Regions() {
  const who = useQuery(whoami());
  const admin = who.data?.role === "admin";
  const regions = useQuery({ queryKey: keys.regions(), queryFn: () => told(client.GET("/api/v1/regions")), staleTime: 0 });
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Region>();
  if (!who.data) return <Loader aria-label="Loading" />;
  return (
    <Column gap="md" maw={1000}>
      <PageHead
        title="Regions"
        actions={
          admin && (
            <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
              New region
            </Button>
          )
        }
      />
      <Text size="sm" c="dimmed">
        A region is a place where stages run, with a gateway, instances and databases of its own. What fails in one touches no other, so a canary or a second
        region can be lived through on this machine.
      </Text>
      {regions.isPending ? (
        <Loading rows={2} height={52} />
      ) : regions.isError ? (
        <Problem error={regions.error} retry={() => void regions.refetch()} />
      ) : (
        <Card withBorder radius="md" p={0}>
          <Table className={classes.table} verticalSpacing="sm" horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Gateway</Table.Th>
                <Table.Th>Stages</Table.Th>
                <Table.Th>
                  <VisuallyHidden>What can be done</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {regions.data.items.map((region) => (
                <Row key={region.name} region={region} remove={admin ? () => setRemoving(region) : undefined} />
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      )}
      {adding && <NewRegion close={() => setAdding(false)} />}
      {removing && <Remove region={removing} close={() => setRemoving(undefined)} />}
    </Column>
  );
}
