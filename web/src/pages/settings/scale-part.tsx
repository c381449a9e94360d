import { Anchor, NumberInput, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router-dom";
import type { Me, Stack, Stage } from "@/api/client";
import { usage } from "@/api/usage";
import { scales } from "@/lib/consequences";
import { mayNot } from "@/lib/may";
import { hoursProblem, rests } from "@/lib/resting";
import { idleOf } from "@/lib/usage";
import { Loading, Problem } from "@/ui/answers";
import { ScaleCost } from "@/ui/scale-cost";
import { ReadOnly, SaveBar, Saved, Section } from "./form";
import { RestFields } from "./rest-fields";
import { useStageEdit } from "./use-stage-edit";

const kMost = 100;

/** How many instances run, and when (R7.5). */
export function ScalePart({ stack, stage: { name }, me }: { stack: Stack; stage: Stage; me: Me }) {
  const { base, stage, now, edit, discard, dirty, moved, note, save } = useStageEdit(stack.name, name);
  const month = useQuery(usage(stack.name, name, "30d"));
  if (base.isPending) return <Loading rows={1} height={160} />;
  if (!stage || !now) return <Problem error={base.error} retry={() => void base.refetch()} />;
  const why = mayNot(me.role, "rerun", stage);
  const used = month.data && idleOf(month.data.totals, "30 days");
  const badHours = hoursProblem(now.hours ?? "");
  const wrong = !Number.isInteger(now.instances) || now.instances < 0 || now.instances > kMost;
  const problem = wrong ? `Instances: a number from 0 to ${kMost}.` : badHours && `Hours: ${badHours}`;
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
        <RestFields now={now} badHours={badHours} disabled={why !== undefined} edit={edit} />
        {why && <ReadOnly why={why} />}
        {note && <Saved note={note} />}
        <SaveBar
          dirty={dirty}
          what={`The settings of ${name}`}
          says={problem ? undefined : now.instances === stage.instances ? rests(stage, now) : scales(stage, now.instances)}
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
