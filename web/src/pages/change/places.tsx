import { Anchor, Badge, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import type { Change, Schemas } from "@/api/client";
import { stack as stackQuery } from "@/api/queries";
import { changeLook } from "@/lib/states";
import { State } from "@/ui/state";
import classes from "./change.module.css";

function LinkOf({ stack, place }: { stack: string; place: Schemas["ChangeInStage"] }) {
  if (place.state === "pending")
    return (
      <Anchor component={Link} to={`/stacks/${stack}/stages/${place.stage}/approval`} size="sm" aria-label={`Decide at ${place.stage}`}>
        Decide
      </Anchor>
    );
  if (!place.deployment) return null;
  return (
    <Anchor component={Link} to={`/stacks/${stack}/deployments/${place.deployment}`} size="sm" aria-label={`Deployment to ${place.stage}`}>
      Deployment
    </Anchor>
  );
}

/** A change in every stage of its stack, in their order; then in stages that are gone. */
export function Places({ stack, change }: { stack: string; change: Change }) {
  const { data } = useQuery(stackQuery(stack));
  if (change.stages.length === 0) return <Text c="dimmed">The stack has no stage.</Text>;
  return (
    <ol className={classes.places} aria-label="Stages">
      {change.stages.map((place, index) => {
        const serves = place.deleted ? undefined : data?.stages.find((one) => one.name === place.stage)?.current?.change;
        return (
          <li key={`${place.stage} ${index}`}>
            <Text fw={600}>
              {place.stage}
              {place.deleted && (
                <Text span c="dimmed" fw={400} size="sm">
                  {" "}
                  deleted
                </Text>
              )}
            </Text>
            <Group gap="xs">
              <State look={changeLook(place.state)} />
              {serves === change.number && (
                <Badge variant="light" color="green" tt="none">
                  serves it now
                </Badge>
              )}
              {serves !== undefined && serves !== change.number && place.state === "succeeded" && (
                <Text size="sm" c="dimmed">
                  serves{" "}
                  <Anchor component={Link} to={`/stacks/${stack}/changes/${serves}`} size="sm" underline="always">
                    #{serves}
                  </Anchor>{" "}
                  now
                </Text>
              )}
            </Group>
            <LinkOf stack={stack} place={place} />
          </li>
        );
      })}
    </ol>
  );
}
