import { Badge, Button, Card, Group, Loader, Modal, Stack as Column, Table, Text, VisuallyHidden } from "@mantine/core";
import { IconKey, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, type Schemas, told } from "@/api/client";
import { keys, me as whoami } from "@/api/queries";
import { exact } from "@/lib/time";
import { Age, useNow } from "@/ui/age";
import { Empty, Loading, Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import { PageHead } from "@/ui/page";
import { NewToken } from "./new-token";
import classes from "@/ui/table.module.css";

type Token = Schemas["Token"];
const kPages = 25; // of 200

async function readTokens(signal: AbortSignal): Promise<Token[]> {
  const all: Token[] = [];
  let after: string | undefined;
  for (let page = 0; page < kPages; page++) {
    const { items, next } = await told(client.GET("/api/v1/tokens", { params: { query: { limit: 200, after } }, signal }));
    all.push(...items);
    if (!next) break;
    after = next;
  }
  return all;
}

function Expiry({ at }: { at?: string }) {
  const now = useNow();
  if (!at) return <>never</>;
  const left = Date.parse(at) - now;
  if (left <= 0)
    return (
      <Badge color="red" variant="light" tt="none" title={exact(at)}>
        expired
      </Badge>
    );
  const days = Math.round(left / 86_400_000);
  return (
    <time dateTime={at} title={exact(at)}>
      {days > 1 ? `in ${days} d` : "within a day"}
    </time>
  );
}

function Revoke({ token, close }: { token: Token; close: () => void }) {
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => told(client.DELETE("/api/v1/tokens/{token}", { params: { path: { token: token.id } } })),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: keys.tokens() });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title={`Revoke the token ${token.name}?`} centered>
      <Text size="sm">
        Whatever uses it is refused at once: programs, and browsers that were signed in with it. This cannot be undone.
        {token.last_used_at && (
          <>
            {" "}
            It was last used <Age at={token.last_used_at} />.
          </>
        )}
      </Text>
      {revoke.error && <Problem error={revoke.error} />}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Cancel
        </Button>
        <Button color="red" loading={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </Button>
      </Group>
    </Modal>
  );
}

function List({ tokens, revoke }: { tokens: Token[]; revoke: (token: Token) => void }) {
  return (
    <Card withBorder radius="md" p={0}>
      <Table className={classes.table} verticalSpacing="sm" horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Expires</Table.Th>
            <Table.Th>Last used</Table.Th>
            <Table.Th>
              <VisuallyHidden>What can be done</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tokens.map((token) => (
            <Table.Tr key={token.id}>
              <Table.Th scope="row">{token.name}</Table.Th>
              <Table.Td data-label="Role">{token.role}</Table.Td>
              <Table.Td data-label="Made">
                <Age at={token.created_at} />
              </Table.Td>
              <Table.Td data-label="Expires">
                <Expiry at={token.expires_at} />
              </Table.Td>
              <Table.Td data-label="Last used">{token.last_used_at ? <Age at={token.last_used_at} /> : "never"}</Table.Td>
              <Table.Td className={classes.act}>
                <Button size="compact-sm" variant="subtle" color="red" leftSection={<IconTrash size={14} />} onClick={() => revoke(token)} aria-label={`Revoke ${token.name}`}>
                  Revoke
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

export default function Tokens() {
  const who = useQuery(whoami());
  const admin = who.data?.role === "admin";
  const tokens = useQuery({ queryKey: keys.tokens(), queryFn: ({ signal }) => readTokens(signal), enabled: admin, staleTime: 0 });
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token>();
  const make = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
      New token
    </Button>
  );
  if (!who.data) return <Loader aria-label="Loading" />;
  return (
    <Column gap="md" maw={1000}>
      <PageHead title="Tokens" actions={admin && tokens.data && tokens.data.length > 0 ? make : undefined} />
      {!admin ? (
        <Notice color="gray" icon={<IconKey size={18} />}>
          Only an admin sees and makes tokens.
        </Notice>
      ) : tokens.isPending ? (
        <Loading rows={3} height={52} />
      ) : tokens.isError ? (
        <Problem error={tokens.error} retry={() => void tokens.refetch()} />
      ) : tokens.data.length === 0 ? (
        <Empty icon={IconKey} title="No token yet" action={make}>
          A token lets a program or a person use Sluice: the command line, git push, a browser. Each has a role and, if you like, an end.
        </Empty>
      ) : (
        <>
          <Text size="sm" c="dimmed">
            A token lets a program or a person use Sluice: the command line, git push, a browser. Its text is shown once, when it is made.
          </Text>
          <List tokens={tokens.data} revoke={setRevoking} />
        </>
      )}
      <NewToken opened={making} close={() => setMaking(false)} />
      {revoking && <Revoke token={revoking} close={() => setRevoking(undefined)} />}
    </Column>
  );
}
