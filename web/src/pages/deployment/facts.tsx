import { Anchor, Code } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router-dom";
import type { Change, Deployment } from "@/api/client";
import { howItCame } from "@/lib/timeline";
import { short } from "@/lib/words";
import { Age } from "@/ui/age";
import { Commit } from "@/ui/commit";
import { Copy } from "@/ui/copy";
import classes from "./deployment.module.css";
import { Took } from "./steps";

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What a deployment is, as a list of names and values. */
export function Facts({ deployment: one, change }: { deployment: Deployment; change: Change | undefined }) {
  const artifact = one.artifact?.replace(/^sha256-/, "");
  return (
    <dl className={classes.facts}>
      <Fact name="Change">
        <Anchor component={Link} to={`/stacks/${one.stack}/changes/${one.change}`} size="sm">
          #{one.change}
        </Anchor>
        <Commit hash={one.commit} />
      </Fact>
      {change && <Fact name="Author">{change.author.name}</Fact>}
      <Fact name="Kind">
        {howItCame(one)}
      </Fact>
      <Fact name="By">{one.by}</Fact>
      {one.attempt !== undefined && <Fact name="Attempt">{one.attempt}</Fact>}
      {artifact && (
        <Fact name={one.built ? "Artifact, built" : "Artifact, reused"}>
          <Code title={one.artifact}>{short(artifact)}</Code>
          <Copy value={one.artifact ?? ""} what="Copy the artifact's digest" />
        </Fact>
      )}
      {one.settings_revision !== undefined && <Fact name="Settings">revision {one.settings_revision}</Fact>}
      <Fact name={one.started_at ? "Started" : "Queued"}>
        <Age at={one.started_at ?? one.queued_at} />
      </Fact>
      {one.started_at && (
        <Fact name={one.ended_at ? "Took" : "Takes"}>
          <Took from={one.started_at} to={one.ended_at} />
        </Fact>
      )}
    </dl>
  );
}
