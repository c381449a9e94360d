import { Anchor, Group, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import type { ApprovalDetail } from "@/api/client";
import { change as changeQuery } from "@/api/queries";
import { doubts } from "@/lib/approval";
import { changeLook } from "@/lib/states";
import { plural } from "@/lib/words";
import { Loading, Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import { State } from "@/ui/state";
import list from "@/ui/list.module.css";

/** How the change did in the stages before this one. */
export function StagesBefore({ detail }: { detail: ApprovalDetail }) {
  const { stack, stage, change, previous } = detail;
  const known = useQuery(changeQuery(stack, change));
  const all = known.data?.stages.filter((place) => !place.deleted) ?? [];
  const before = all.slice(0, Math.max(0, all.findIndex((place) => place.stage === stage)));
  return (
    <section aria-labelledby="before">
      <Title order={2} size="h4" mb="sm" id="before">
        In the stages before
      </Title>
      {doubts(detail).map((text) => (
        <Notice key={text} color="yellow" icon={<IconAlertTriangle />} mb="sm" title="Look twice">
          {text}
        </Notice>
      ))}
      {known.isPending ? (
        <Loading rows={1} height={44} />
      ) : !known.data ? (
        <Problem error={known.error} retry={() => void known.refetch()} />
      ) : before.length === 0 ? (
        <Text size="sm" c="dimmed">
          {stage} is the first stage: the change has run nowhere before.
        </Text>
      ) : (
        <ol className={list.list}>
          {before.map((place) => (
            <li key={place.stage} className={list.line}>
              <Group gap="sm">
                <Text fw={600}>{place.stage}</Text>
                <State look={changeLook(place.state)} />
                {previous?.stage === place.stage && previous.instances !== undefined && (
                  <Text size="sm" c="dimmed">
                    with {plural(previous.instances, "instance")}
                    {previous.current ? ", serves it now" : previous.serves ? `, serves #${previous.serves} now` : ""}
                  </Text>
                )}
              </Group>
              {place.deployment && (
                <Anchor component={Link} size="sm" style={{ flexShrink: 0 }} to={`/stacks/${stack}/deployments/${place.deployment}`} aria-label={`Deployment to ${place.stage}`}>
                  Deployment
                </Anchor>
              )}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
