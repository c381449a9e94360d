import { Anchor, Text, VisuallyHidden } from "@mantine/core";
import { IconGitCommit } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import type { Change, Schemas } from "@/api/client";
import { useChanges } from "@/api/history";
import { changeLook } from "@/lib/states";
import { headline, short } from "@/lib/words";
import { Age } from "@/ui/age";
import { Empty, Loading, Problem } from "@/ui/answers";
import { LongList } from "@/ui/long-list";
import { State } from "@/ui/state";
import classes from "./history.module.css";

/** A stage's name in the look of how the change is there; the word of it for a hover and a screen reader. */
function Where({ stack, place }: { stack: string; place: Schemas["ChangeInStage"] }) {
  const look = changeLook(place.state);
  const badge = (
    <span title={`${place.stage}${place.deleted ? " (deleted)" : ""}: ${look.word}`}>
      <State size="sm" look={{ ...look, word: place.stage }} />
      <VisuallyHidden>: {look.word}</VisuallyHidden>
    </span>
  );
  if (place.state === "pending") return <Link to={`/stacks/${stack}/stages/${place.stage}/approval`}>{badge}</Link>;
  if (!place.deployment) return badge;
  return <Link to={`/stacks/${stack}/deployments/${place.deployment}`}>{badge}</Link>;
}

function Row({ stack, change }: { stack: string; change: Change }) {
  return (
    <div className={classes.change}>
      <Text c="dimmed" size="sm" ff="monospace">
        #{change.number}
      </Text>
      <div style={{ minWidth: 0 }}>
        <Link className={`${classes.name} ${classes.one}`} style={{ display: "block" }} to={`/stacks/${stack}/changes/${change.number}`}>
          {headline(change.message)}
        </Link>
        <Text size="sm" c="dimmed" className={classes.one}>
          {change.author.name} · <Age at={change.at} /> · <span style={{ fontFamily: "var(--mantine-font-family-monospace)" }}>{short(change.commit)}</span>
        </Text>
      </div>
      <div className={classes.above}>
        {change.stages
          .filter((place) => !place.deleted)
          .map((place) => (
            <Where key={place.stage} stack={stack} place={place} />
          ))}
      </div>
    </div>
  );
}

const numberOf = (change: Change) => change.number;

export function Changes({ stack, commit }: { stack: string; commit: string }) {
  const list = useChanges(stack, commit);
  if (list.isPending) return <Loading rows={8} height={56} />;
  if (list.items.length === 0 && list.error) return <Problem error={list.error} retry={() => void list.refetch()} />;
  if (list.items.length === 0) {
    return commit ? (
      <Empty icon={IconGitCommit} title="No such commit">
        No change of {stack} has a commit that begins with {commit}.
      </Empty>
    ) : (
      <Empty icon={IconGitCommit} title="Nothing has come in yet">
        Every push to the stack’s branch becomes a change here, with a number, and where it is in every stage.{" "}
        <Anchor component={Link} to={`/stacks/${stack}`}>
          How to push
        </Anchor>
      </Empty>
    );
  }
  return (
    <LongList
      label="Changes"
      items={list.items}
      id={numberOf}
      row={(change) => <Row stack={stack} change={change} />}
      height={66}
      more={list}
    />
  );
}
