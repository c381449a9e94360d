import { Button, Group, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, client, type Stage, told } from "@/api/client";
import { keys } from "@/api/queries";
import { certificates, type Tagged, tagged } from "@/api/settings";
import { domainProblem } from "@/lib/domains";
import { Loading, Problem } from "@/ui/answers";
import { DomainRow } from "./domain-row";
import { Section } from "./form";
import classes from "./settings.module.css";

/** A stage's own domains and their certificates; each act is effective at once, without a deployment. */
export function Domains({ stack, base, why }: { stack: string; base: Tagged<Stage>; why?: string }) {
  const cache = useQueryClient();
  const stage = base.value.name;
  const query = certificates(stack, stage);
  const list = useQuery(query);
  const [name, setName] = useState("");
  const [asked, setAsked] = useState(false); // to add it as it is: what is missing is said only then
  const [said, setSaid] = useState("");
  const refresh = () => cache.invalidateQueries({ queryKey: keys.stack(stack) });
  const known = base.value.domains ?? [];
  const path = (domain: string) => ({ params: { path: { stack, stage, domain } } });
  const set = useMutation({
    mutationFn: ({ domains }: { domains: string[]; what: string }) =>
      tagged(client.PATCH("/api/v1/stacks/{stack}/stages/{stage}", { params: { path: { stack, stage }, header: { "If-Match": base.etag } }, body: { domains } })),
    onSettled: refresh,
  });
  const drop = useMutation({
    mutationFn: (domain: string) => told(client.DELETE("/api/v1/stacks/{stack}/stages/{stage}/certificates/{domain}", path(domain))),
    onSuccess: (_, domain) => setSaid(`${domain} has no certificate any more and is answered over plain HTTP.`),
    onSettled: refresh,
  });
  const renew = useMutation({
    mutationFn: (domain: string) => told(client.POST("/api/v1/stacks/{stack}/stages/{stage}/certificates/{domain}/renew", path(domain))),
    onSuccess: (one) => setSaid(`The certificate authority is asked for ${one.domain}.`),
    onSettled: refresh,
  });
  const problem = name === "" && !asked ? undefined : domainProblem(name, known);
  const refused = set.error instanceof ApiError ? set.error.field("domains") : undefined;
  const adding = set.variables?.what === "add";
  const busy = (domain: string) =>
    (renew.isPending && renew.variables === domain && "renew") || (drop.isPending && drop.variables === domain && "drop") || (set.isPending && set.variables.what === domain && "remove") || undefined;
  const acts = {
    renew: (domain: string) => renew.mutate(domain),
    drop: (domain: string) => drop.mutate(domain),
    remove: (domain: string) =>
      set.mutate({ domains: known.filter((one) => one !== domain), what: domain }, { onSuccess: () => setSaid(`${domain} does not lead here any more.`) }),
    given: (domain: string) => {
      setSaid(`The certificate of ${domain} is in force.`);
      void refresh();
    },
  };
  return (
    <Section title="Domains" about="Names of its own at which this stage answers, too, at once and without a deployment. Each must lead to the gateway; one with a certificate is answered over TLS.">
      {list.isPending && <Loading rows={1} height={60} />}
      {list.error && <Problem error={list.error} retry={() => void list.refetch()} />}
      {list.data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          There is none yet.
        </Text>
      )}
      {list.data && list.data.items.length > 0 && (
        <ul className={classes.domains} aria-label="Domains">
          {list.data.items.map((one) => (
            <DomainRow key={one.domain} stack={stack} stage={stage} one={one} busy={busy(one.domain)} disabled={why !== undefined} acts={acts} />
          ))}
        </ul>
      )}
      <Text size="sm" c="dimmed" role="status">
        {said}
      </Text>
      {drop.error && <Problem error={drop.error} title="Not dropped" />}
      {renew.error && <Problem error={renew.error} title="Not asked for" />}
      <Group
        component="form"
        gap="sm"
        align="flex-start"
        onSubmit={(event: React.FormEvent) => {
          event.preventDefault();
          setAsked(true);
          if (domainProblem(name, known)) return;
          set.mutate(
            { domains: [...known, name], what: "add" },
            {
              onSuccess: () => {
                setSaid(`${name} leads here now.`);
                setName("");
                setAsked(false);
              },
            },
          );
        }}
      >
        <TextInput
          label="New domain"
          placeholder="shop.example.org"
          value={name}
          disabled={why !== undefined}
          error={problem ?? (adding ? refused : undefined)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          inputMode="url"
          style={{ flex: "1 1 220px", maxWidth: 420 }}
          onChange={(event) => {
            setName(event.currentTarget.value.trim());
            setAsked(false);
            if (!set.isIdle) set.reset();
          }}
        />
        <Button type="submit" variant="light" mt={25} loading={set.isPending && adding} disabled={why !== undefined}>
          Add domain
        </Button>
      </Group>
      {set.error && !(adding && refused) && <Problem error={set.error} title={adding ? "Not added" : "Not removed"} />}
    </Section>
  );
}
