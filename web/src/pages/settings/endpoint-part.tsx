import { Anchor, Radio, Stack as Column, Switch } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import type { Me, Schemas, Stack, Stage } from "@/api/client";
import { redeploys } from "@/lib/consequences";
import { cacheProblem, limitsProblem, noLimits, plainCache } from "@/lib/endpoint";
import { mayNot } from "@/lib/may";
import { Loading, Problem } from "@/ui/answers";
import { Copy } from "@/ui/copy";
import { AccessKeys } from "./access-keys";
import { CacheFields } from "./cache-fields";
import { Domains } from "./domains";
import { Fact, ReadOnly, SaveBar, Saved, Section } from "./form";
import { LimitFields } from "./limit-fields";
import { useStageEdit } from "./use-stage-edit";

/** How a stage is reached, and by whom. */
export function EndpointPart({ stack, stage: { name }, me }: { stack: Stack; stage: Stage; me: Me }) {
  const { base, stage, now, edit, discard, dirty, moved, note, save } = useStageEdit(stack.name, name);
  if (base.isPending) return <Loading rows={1} height={280} />;
  if (!stage || !now) return <Problem error={base.error} retry={() => void base.refetch()} />;
  const why = mayNot(me.role, "rerun", stage);
  const disabled = why !== undefined;
  const gateway = now.endpoint === "api_gateway";
  const limits = { ...noLimits, ...now.limits };
  const cache = { ...plainCache, ...now.cache };
  const problem = (gateway ? limitsProblem(limits) : undefined) ?? (now.caching ? cacheProblem(cache) : undefined);
  const choose = (endpoint: Schemas["Endpoint"]) =>
    // What belongs to the other endpoint alone goes with it, so that saving is not refused.
    edit(endpoint === "load_balancer" ? { endpoint, caching: false, cache: undefined, limits: noLimits } : { endpoint, sticky: false });
  return (
    <Column gap="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (dirty && !problem) save.mutate();
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
          <Radio.Group label="Kind" value={now.endpoint} onChange={(value) => choose(value as Schemas["Endpoint"])}>
            <Column mt="xs" gap="sm">
              <Radio value="api_gateway" label="API gateway" description="For most apps: limits for each client, kept answers." disabled={disabled} />
              <Radio
                value="load_balancer"
                label="Load balancer"
                description="For WebSockets, uploads and requests that take long: no limits, the least busy instance takes the next request."
                disabled={disabled}
              />
            </Column>
          </Radio.Group>
          {gateway ? (
            <>
              <LimitFields limits={limits} disabled={disabled} onChange={(next) => edit({ limits: next })} />
              <Switch
                label="Caching"
                description="The gateway keeps answers to GET; never of requests with a cookie or credentials, never longer than their version serves."
                checked={now.caching}
                disabled={disabled}
                onChange={(event) => edit({ caching: event.currentTarget.checked })}
              />
              {now.caching && <CacheFields stack={stack.name} stage={stage} cache={cache} disabled={disabled} onChange={(next) => edit({ cache: next })} />}
            </>
          ) : (
            <Switch
              label="Sticky sessions"
              description="A client comes back to the same instance, by a cookie."
              checked={now.sticky ?? false}
              disabled={disabled}
              onChange={(event) => edit({ sticky: event.currentTarget.checked })}
            />
          )}
          <Radio.Group label="Access" value={now.access} onChange={(value) => edit({ access: value as Schemas["Access"] })}>
            <Column mt="xs" gap="sm">
              <Radio value="public" label="Public" description="Whoever reaches the address." disabled={disabled} />
              <Radio value="private" label="Private" description="Only with one of the keys below; a browser asks for it as a password." disabled={disabled} />
            </Column>
          </Radio.Group>
          {why && <ReadOnly why={why} />}
          {note && <Saved note={note} />}
          <SaveBar
            dirty={dirty}
            what={`The settings of ${name}`}
            says={redeploys(stage, "endpoint")}
            problem={problem}
            error={save.error}
            moved={moved}
            saving={save.isPending}
            onDiscard={discard}
          />
        </Section>
      </form>
      {base.data && <Domains stack={stack.name} base={base.data} why={why} />}
      <AccessKeys stack={stack.name} stage={stage} why={why} />
    </Column>
  );
}
