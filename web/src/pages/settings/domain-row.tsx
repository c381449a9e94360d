import { Anchor, Badge, Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { standing } from "@/lib/domains";
import { exact } from "@/lib/time";
import { useNow } from "@/ui/age";
import { GiveCertificate } from "./give-certificate";
import classes from "./settings.module.css";

/** What can be done with one domain; all of it is said to the server at once. */
export interface DomainActs {
  renew: (domain: string) => void;
  drop: (domain: string) => void; // its certificate
  remove: (domain: string) => void;
  given: (domain: string) => void; // a certificate
}

/** One of a stage's own domains, and how its certificate stands. */
export function DomainRow({ stack, stage, one, busy, disabled, acts }: { stack: string; stage: string; one: Schemas["Certificate"]; busy?: string; disabled: boolean; acts: DomainActs }) {
  const [giving, setGiving] = useState(false);
  const { word, color, note } = standing(one, useNow());
  const { domain, ends_at } = one;
  const button = (label: string, what: string, act: () => void, more: { color?: string } = {}) => (
    <Button size="compact-sm" variant="subtle" disabled={disabled} loading={busy === what} onClick={act} aria-label={`${label}: ${domain}`} {...more}>
      {label}
    </Button>
  );
  return (
    <li className={classes.domain}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs" style={{ minWidth: 0 }}>
          <Anchor href={`${ends_at ? "https" : "http"}://${domain}`} target="_blank" rel="noreferrer" size="sm" fw={500} style={{ wordBreak: "break-all" }}>
            {domain}
          </Anchor>
          <Badge color={color} variant="light">
            {word}
          </Badge>
        </Group>
        <Group gap={4}>
          {one.next_try_at && button(one.error ? "Try now" : ends_at ? "Renew now" : "Get one now", "renew", () => acts.renew(domain))}
          {button(ends_at ? "Replace certificate" : "Give certificate", "give", () => setGiving(true))}
          {ends_at && !one.next_try_at && button("Drop certificate", "drop", () => acts.drop(domain), { color: "red" })}
          {button("Remove", "remove", () => acts.remove(domain), { color: "red" })}
        </Group>
      </Group>
      {(ends_at || note) && (
        <Text size="sm" c={one.error ? "red" : "dimmed"} style={{ overflowWrap: "anywhere" }}>
          {ends_at && <>{word === "Ended" ? "Ended" : "Until"} {exact(ends_at)}. </>}
          {note && !note.at && note.text}
          {note?.at && (one.error ? `${note.text} Next try ${exact(note.at)}.` : `${note.text} from ${exact(note.at)}.`)}
        </Text>
      )}
      {giving && (
        <GiveCertificate
          stack={stack}
          stage={stage}
          domain={domain}
          onClose={() => setGiving(false)}
          onGiven={() => {
            setGiving(false);
            acts.given(domain);
          }}
        />
      )}
    </li>
  );
}
