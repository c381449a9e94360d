import { Button, Code, Group, Stack as Column, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { ApiError, client, type Me, type Stack, told } from "@/api/client";
import { keys } from "@/api/queries";
import { stackSettings, tagged } from "@/api/settings";
import { deletesStack, notYet } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { branchProblem } from "@/lib/names";
import { Age } from "@/ui/age";
import { Loading, Problem } from "@/ui/answers";
import { Copy } from "@/ui/copy";
import { Notice } from "@/ui/notice";
import { Fact, ReadOnly, SaveBar, Saved, Section } from "./form";
import { TypedDelete } from "./typed-delete";

function Source({ name, me }: { name: string; me: Me }) {
  const cache = useQueryClient();
  const base = useQuery(stackSettings(name));
  const [branch, setBranch] = useState<string>();
  const [begun, setBegun] = useState("");
  const [saved, setSaved] = useState(false);
  const etag = base.data?.etag ?? "";
  const save = useMutation({
    mutationFn: () =>
      tagged(
        client.PATCH("/api/v1/stacks/{stack}", {
          params: { path: { stack: name }, header: { "If-Match": etag } },
          body: { repository: { branch } },
        }),
      ),
    onSuccess: (answer) => {
      cache.setQueryData(stackSettings(name).queryKey, answer);
      setBranch(undefined);
      setSaved(true);
      void cache.invalidateQueries({ queryKey: keys.stack(name) });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 412) void base.refetch();
    },
  });
  if (base.isPending) return <Loading rows={1} height={180} />;
  if (!base.data) return <Problem error={base.error} retry={() => void base.refetch()} />;
  const stack = base.data.value;
  const now = branch ?? stack.repository.branch;
  const dirty = now !== stack.repository.branch;
  const why = mayNot(me.role, "admin");
  const refused = save.error instanceof ApiError ? save.error.field("repository.branch") : undefined;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (dirty) save.mutate();
      }}
    >
      <Section title="Source" about="Where the code comes from. A new tip of the branch is a check-in.">
        <dl style={{ margin: 0 }}>
          <Fact name="Repository">{stack.repository.kind === "hosted" ? "Hosted by Sluice" : "Remote"}</Fact>
          <Fact name="Clone address">
            <Code>{stack.git_url}</Code>
            <Copy value={stack.git_url} what="Copy the clone address" />
          </Fact>
        </dl>
        {stack.repository.kind === "hosted" && (
          <Text size="xs" c="dimmed">
            {notYet.remote}
          </Text>
        )}
        <TextInput
          label="Branch"
          description="Only this branch is deployed."
          value={now}
          disabled={why !== undefined}
          error={dirty ? (branchProblem(now) ?? refused) : undefined}
          onChange={(event) => {
            if (!dirty) setBegun(etag);
            setSaved(false);
            setBranch(event.currentTarget.value);
            if (!save.isIdle) save.reset();
          }}
          maw={360}
          spellCheck={false}
          autoCapitalize="none"
        />
        {why && <ReadOnly why={why} />}
        {saved && <Saved note={{ text: `Saved. The tip of ${stack.repository.branch} is what counts now.` }} />}
        <SaveBar
          dirty={dirty}
          what="The source"
          says={`The tip of ${now}, where it has one, is checked in at once and flows through the stages. What runs, runs on.`}
          problem={dirty ? branchProblem(now) : undefined}
          error={refused ? null : save.error}
          moved={begun !== etag}
          saving={save.isPending}
          onDiscard={() => {
            setBranch(undefined);
            save.reset();
          }}
        />
      </Section>
    </form>
  );
}

function DeleteStack({ stack, me }: { stack: Stack; me: Me }) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const why = mayNot(me.role, "admin");
  const remove = useMutation({
    mutationFn: () =>
      told(client.DELETE("/api/v1/stacks/{stack}", { params: { path: { stack: stack.name }, query: { confirm: "delete" } } })),
    onSuccess: () => {
      notifications.show({ title: `${stack.name} is being deleted`, message: "It disappears from the list when all that ran is gone." });
      navigate("/");
      void cache.invalidateQueries({ queryKey: keys.stacks() });
    },
  });
  if (stack.state === "deleting")
    return <Notice color="gray">This stack is being deleted; it disappears when all that ran is gone.</Notice>;
  return (
    <Section title="Delete this stack" about="All its stages go with it. This cannot be undone." danger>
      <Group>
        <Button color="red" variant="light" leftSection={<IconTrash size={16} />} disabled={why !== undefined} onClick={() => setAsking(true)}>
          Delete {stack.name}
        </Button>
        {why && (
          <Text size="sm" c="dimmed">
            {why}
          </Text>
        )}
      </Group>
      <TypedDelete
        opened={asking}
        title={`Delete the stack ${stack.name}?`}
        lines={deletesStack(stack)}
        label="Delete stack"
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setAsking(false)}
        onDelete={() => remove.mutate()}
      />
    </Section>
  );
}

/** Settings of the stack as a whole. */
export function StackPart({ stack, me }: { stack: Stack; me: Me }) {
  return (
    <Column gap="lg">
      <Source name={stack.name} me={me} />
      <Section title="Details">
        <dl style={{ margin: 0 }}>
          <Fact name="Name">{stack.name}</Fact>
          <Fact name="Made">
            <Age at={stack.created_at} />
          </Fact>
          <Fact name="Id">
            <Code>{stack.id}</Code>
            <Copy value={stack.id} what="Copy the id" />
          </Fact>
        </dl>
        <Text size="xs" c="dimmed">
          A stack's name never changes.
        </Text>
      </Section>
      <DeleteStack stack={stack} me={me} />
    </Column>
  );
}
