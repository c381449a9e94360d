import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Deployment } from "@/api/client";
import { stageDeployments } from "@/api/queries";
import { changeLook } from "@/lib/states";
import { ago, exact } from "@/lib/time";

/** Which deployment to compare with: what ran before it, or one of the newest of the stage. */
export function Chooser({
  deployment,
  other,
  chosen,
  choose,
}: {
  deployment: Deployment;
  other: Deployment | undefined;
  chosen: string;
  choose: (id: string) => void;
}) {
  const { data } = useQuery(stageDeployments(deployment.stack, deployment.stage));
  const listed = (data?.items ?? []).filter((one) => one.id !== deployment.id);
  const all = chosen && other && !listed.some((one) => one.id === other.id) ? [...listed, other] : listed;
  return (
    <Select
      label="Compare with"
      mb="lg"
      maw={460}
      searchable
      nothingFoundMessage="No such deployment"
      allowDeselect={false}
      value={chosen}
      onChange={(value) => choose(value ?? "")}
      data={[
        { value: "", label: `What ${deployment.stage} ran before` },
        {
          group: "Newest deployments",
          items: all.map((one) => ({ value: one.id, label: `#${one.change} · ${changeLook(one.state).word} · ${ago(one.queued_at)} · ${exact(one.queued_at)}` })),
        },
      ]}
    />
  );
}
