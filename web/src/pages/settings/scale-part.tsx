import { Anchor, NumberInput, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import { ApiError, type Me, type Stack, type Stage } from "@/api/client";
import { usage } from "@/api/usage";
import { redeploys, scales } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { noResources, resourcesProblem } from "@/lib/resources";
import { hoursProblem, rests } from "@/lib/resting";
import { idleOf } from "@/lib/usage";
import { Loading, Problem } from "@/ui/answers";
import { ScaleCost } from "@/ui/scale-cost";
import { ReadOnly, SaveBar, Saved, Section } from "./form";
import { ResourceFields } from "./resource-fields";
import { RestFields } from "./rest-fields";
import { useStageEdit } from "./use-stage-edit";

const kMost = 100;

type Scale = Pick<Stage, "instances" | "resources" | "sleep_after" | "hours">;

const kept = (stage: Stage, now: Scale) => JSON.stringify(now.resources ?? noResources) === JSON.stringify(stage.resources ?? noResources);

/** What saving does; what is carried by a deployment first. */
function consequences(stage: Stage, now: Scale): string {
  const says = kept(stage, now) ? [] : [redeploys(stage, "runtime")];
  if (now.instances !== stage.instances) says.push(scales(stage, now.instances));
  if (says.length === 0 || now.sleep_after !== stage.sleep_after || now.hours !== stage.hours) says.push(rests(stage, now));
  return says.join(" ");
}

/** How many instances run, what each may use, and when (R7.2, R7.5). */
export function ScalePart({ stack, stage: { name }, me }: { stack: Stack; stage: Stage; me: Me }) {
  const { base, stage, now, edit, discard, dirty, moved, note, save } = useStageEdit(stack.name, name);
  const month = useQuery(usage(stack.name, name, "30d"));
  if (base.isPending) return <Loading rows={1} height={160} />;
  if (!stage || !now) return <Problem error={base.error} retry={() => void base.refetch()} />;
  const why = mayNot(me.role, "rerun", stage);
  const used = month.data && idleOf(month.data.totals, "30 days");
  const badHours = hoursProblem(now.hours ?? "");
  const wrong = !Number.isInteger(now.instances) || now.instances < 0 || now.instances > kMost;
  const resources = now.resources ? { ...noResources, ...now.resources } : noResources;
  const problem = wrong ? `Instances: a number from 0 to ${kMost}.` : (resourcesProblem(resources) ?? (badHours && `Hours: ${badHours}`));
  const refused = (field: string) => (save.error instanceof ApiError ? save.error.field(field) : undefined);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (dirty && !problem) save.mutate();
      }}
    >
      <Section title="Scale" alone about="Every instance runs the same artifact; requests are shared among them.">
        <NumberInput
          label="Instances"
          description={`0 to ${kMost}. 0: nothing runs, and requests get a page that says so.`}
          value={Number.isNaN(now.instances) ? "" : now.instances}
          onChange={(value) => edit({ instances: value === "" ? NaN : Number(value) })}
          min={0}
          max={kMost}
          clampBehavior="none"
          allowDecimal={false}
          allowNegative={false}
          disabled={why !== undefined}
          error={wrong ? `A number from 0 to ${kMost}.` : undefined}
          maw={280}
        />
        {!wrong && <ScaleCost instances={now.instances} />}
        {used && (
          <Text size="sm">
            {used}{" "}
            <Anchor component={Link} inherit underline="always" to={`/stacks/${stack.name}/stages/${name}/monitoring?since=30d`}>
              Monitoring
            </Anchor>
          </Text>
        )}
        <ResourceFields resources={resources} refused={refused} disabled={why !== undefined} onChange={(next) => edit({ resources: next })} />
        <RestFields now={now} badHours={badHours} disabled={why !== undefined} edit={edit} />
        {why && <ReadOnly why={why} />}
        {note && <Saved note={note} />}
        <SaveBar
          dirty={dirty}
          what={`The settings of ${name}`}
          says={problem ? undefined : consequences(stage, { ...now, resources })}
          problem={problem}
          error={save.error}
          moved={moved}
          saving={save.isPending}
          onDiscard={discard}
        />
      </Section>
    </form>
  );
}
