import { Button, Code, Group, Stack as Column, Switch, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router-dom";
import { client, type Me, type Stack, type Stage, told } from "@/api/client";
import { keys } from "@/api/queries";
import { deletesStage, gateChanges } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { plural } from "@/lib/words";
import { Age } from "@/ui/age";
import { Loading, Problem } from "@/ui/answers";
import { Copy } from "@/ui/copy";
import { Notice } from "@/ui/notice";
import { Fact, SaveBar, Saved, Section } from "./form";
import { TypedDelete } from "./typed-delete";
import { useStageEdit } from "./use-stage-edit";

function useDeletion(stack: Stack, stage: Stage, force: boolean) {
  const cache = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () =>
      told(
        client.DELETE("/api/v1/stacks/{stack}/stages/{stage}", {
          params: { path: { stack: stack.name, stage: stage.name }, query: { confirm: "delete", force: force || undefined } },
        }),
      ),
    onSuccess: (answer) => {
      notifications.show({ title: force ? `${stage.name} is gone` : `${stage.name} is being deleted`, message: answer.hint, autoClose: 12_000 });
      navigate(`/stacks/${stack.name}`);
      void cache.invalidateQueries({ queryKey: keys.stack(stack.name) });
    },
  });
}

function DeleteStage({ stack, stage, me }: { stack: Stack; stage: Stage; me: Me }) {
  const [asking, setAsking] = useState(false);
  const remove = useDeletion(stack, stage, false);
  const why = mayNot(me.role, "admin");
  return (
    <Section title="Delete this stage" about="This cannot be undone. It causes no deployment anywhere else." danger>
      <Group>
        <Button color="red" variant="light" leftSection={<IconTrash size={16} />} disabled={why !== undefined} onClick={() => setAsking(true)}>
          Delete {stage.name}
        </Button>
        {why && (
          <Text size="sm" c="dimmed">
            {why}
          </Text>
        )}
      </Group>
      <TypedDelete
        opened={asking}
        title={`Delete the stage ${stage.name} of ${stack.name}?`}
        lines={deletesStage(stack, stage)}
        label="Delete stage"
        pending={remove.isPending}
        error={remove.error}
        onClose={() => setAsking(false)}
        onDelete={() => remove.mutate()}
      />
    </Section>
  );
}

/** A stage that has left the order and is being removed. */
export function LeavingStage({ stack, stage, me }: { stack: Stack; stage: Stage; me: Me }) {
  const [asking, setAsking] = useState(false);
  const force = useDeletion(stack, stage, true);
  const why = mayNot(me.role, "admin");
  const { deleting } = stage;
  return (
    <Section title={`${stage.name} is being deleted`} about="It has left the order; nothing flows through it any more.">
      {deleting && (
        <Text size="sm">
          Begun <Age at={deleting.since} />, tried {plural(deleting.tries, "time")}.
        </Text>
      )}
      {deleting?.problem && (
        <Notice color="yellow" title="It cannot be finished yet">
          {deleting.problem} It is tried again by itself.
        </Notice>
      )}
      {deleting?.problem && (
        <>
          <Text size="sm">
            Forcing ends the deletion now: Sluice stops trying to remove what ran there. What is left in the region must then be removed by
            hand.
          </Text>
          <Group>
            <Button color="red" variant="light" disabled={why !== undefined} onClick={() => setAsking(true)}>
              Force the deletion
            </Button>
            {why && (
              <Text size="sm" c="dimmed">
                {why}
              </Text>
            )}
          </Group>
        </>
      )}
      <TypedDelete
        opened={asking}
        title={`Force the deletion of ${stage.name}?`}
        lines={["Sluice stops trying to remove what ran there.", `What is left in the region ${stage.region} must be removed by hand.`]}
        label="Force the deletion"
        pending={force.isPending}
        error={force.error}
        onClose={() => setAsking(false)}
        onDelete={() => force.mutate()}
      />
    </Section>
  );
}

/** Stage details: the gate, what is fixed, deletion. */
export function DetailsPart({ stack, stage: { name }, me }: { stack: Stack; stage: Stage; me: Me }) {
  const { base, stage, now, edit, discard, dirty, moved, note, save } = useStageEdit(stack.name, name);
  if (base.isPending) return <Loading rows={2} height={160} />;
  if (!stage || !now) return <Problem error={base.error} retry={() => void base.refetch()} />;
  const why = mayNot(me.role, "decide");
  return (
    <Column gap="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (dirty) save.mutate();
        }}
      >
        <Section title="Gate">
          <Switch
            label="Require manual approval"
            description={why ?? "A person decides about every change before it is deployed here."}
            checked={now.requires_approval}
            disabled={why !== undefined}
            onChange={(event) => edit({ requires_approval: event.currentTarget.checked })}
          />
          {note && <Saved note={note} />}
          <SaveBar
            dirty={dirty}
            what={`The settings of ${name}`}
            says={gateChanges(stage, now.requires_approval)}
            error={save.error}
            moved={moved}
            saving={save.isPending}
            onDiscard={discard}
          />
        </Section>
      </form>
      <Section title="Details">
        <dl style={{ margin: 0 }}>
          <Fact name="Name">{stage.name}</Fact>
          <Fact name="Place in the order">
            {stage.position} of {stack.stages.filter((one) => one.position !== undefined).length}
          </Fact>
          <Fact name="Region">{stage.region}</Fact>
          <Fact name="Settings revision">{stage.settings_revision}</Fact>
          <Fact name="Id">
            <Code>{stage.id}</Code>
            <Copy value={stage.id} what="Copy the id" />
          </Fact>
        </dl>
        <Text size="xs" c="dimmed">
          Name, place and region are fixed when a stage is made.
        </Text>
      </Section>
      <DeleteStage stack={stack} stage={stage} me={me} />
    </Column>
  );
}
