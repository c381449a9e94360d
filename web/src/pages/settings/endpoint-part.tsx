import { Anchor, Radio, Stack as Column, Switch } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import type { Me, Schemas, Stack, Stage } from "@/api/client";
import { notYet, redeploys } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { Loading, Problem } from "@/ui/answers";
import { Copy } from "@/ui/copy";
import { Fact, ReadOnly, SaveBar, Saved, Section } from "./form";
import { useStageEdit } from "./use-stage-edit";

/** How a stage is reached. */
export function EndpointPart({ stack, stage: { name }, me }: { stack: Stack; stage: Stage; me: Me }) {
  const { base, stage, now, edit, discard, dirty, moved, note, save } = useStageEdit(stack.name, name);
  if (base.isPending) return <Loading rows={1} height={280} />;
  if (!stage || !now) return <Problem error={base.error} retry={() => void base.refetch()} />;
  const why = mayNot(me.role, "rerun", stage);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (dirty) save.mutate();
      }}
    >
      <Section title="Endpoint" alone about="How requests reach this stage.">
        <dl style={{ margin: 0 }}>
          <Fact name="Address">
            <Anchor href={stage.url} target="_blank" rel="noreferrer" size="sm">
              {stage.url} <IconExternalLink size={13} aria-label="(opens in a new tab)" />
            </Anchor>
            <Copy value={stage.url} what="Copy the address" />
          </Fact>
        </dl>
        <Radio.Group label="Kind" value={now.endpoint} onChange={(value) => edit({ endpoint: value as Schemas["Endpoint"] })}>
          <Column mt="xs" gap="sm">
            <Radio value="api_gateway" label="API gateway" description="For most apps: one address, requests shared among the instances." disabled={why !== undefined} />
            <Radio value="load_balancer" label="Load balancer" description={notYet.load_balancer} disabled />
          </Column>
        </Radio.Group>
        <Switch label="Caching" description={notYet.caching} checked={now.caching} disabled onChange={(event) => edit({ caching: event.currentTarget.checked })} />
        <Radio.Group label="Access" value={now.access} onChange={(value) => edit({ access: value as Schemas["Access"] })}>
          <Column mt="xs" gap="sm">
            <Radio value="public" label="Public" description="Whoever reaches the address." disabled={why !== undefined} />
            <Radio value="private" label="Private" description={notYet.private} disabled />
          </Column>
        </Radio.Group>
        {why && <ReadOnly why={why} />}
        {note && <Saved note={note} />}
        <SaveBar
          dirty={dirty}
          what={`The settings of ${name}`}
          says={redeploys(stage, "endpoint")}
          error={save.error}
          moved={moved}
          saving={save.isPending}
          onDiscard={discard}
        />
      </Section>
    </form>
  );
}
