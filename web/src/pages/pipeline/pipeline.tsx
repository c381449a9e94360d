import { Anchor, Button } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useEffect } from "react";
import { Link, useLocation, useParams, useSearchParams } from "react-router-dom";
import type { Stack } from "@/api/client";
import { me, stack as stackQuery } from "@/api/queries";
import { inOrder, leaving, type Place } from "@/lib/flow";
import { mayNot } from "@/lib/may";
import { overall } from "@/lib/stacks";
import { plural } from "@/lib/words";
import { Loading, Problem } from "@/ui/answers";
import { Notice } from "@/ui/notice";
import { PageHead } from "@/ui/page";
import { StackTabs } from "@/ui/stack-tabs";
import { State } from "@/ui/state";
import { ActDialog, isAct } from "./acts";
import { CodeTile } from "./code-tile";
import { Gate } from "./gate";
import { NewStage } from "./new-stage";
import classes from "./pipeline.module.css";
import { StageTile } from "./stage-tile";
import { useChanges } from "./use-changes";

export default function Pipeline() {
  const { stack: name = "" } = useParams();
  const stack = useQuery(stackQuery(name));
  return (
    <>
      <PageHead
        title={name}
        trail={[{ name: "Stacks", to: "/" }]}
        badge={stack.data && <State look={overall(stack.data)} />}
      />
      <StackTabs stack={name} />
      {stack.isPending ? (
        <Loading rows={2} height={180} />
      ) : stack.isError && !stack.data ? (
        <Problem
          error={stack.error}
          title={"status" in stack.error && stack.error.status === 404 ? `There is no stack ${name}` : undefined}
          retry={() => void stack.refetch()}
        />
      ) : (
        <Flow stack={stack.data} />
      )}
    </>
  );
}

/** "before:NAME", "after:NAME" or "end", as the address has it. */
const placeOf = (text: string): Place => {
  const [side, name] = text.split(":");
  return name && side === "before" ? { before: name } : name && side === "after" ? { after: name } : {};
};

function Flow({ stack }: { stack: Stack }) {
  const role = useQuery(me()).data?.role ?? "viewer";
  const changes = useChanges(stack);
  const [params, setParams] = useSearchParams();
  const { hash } = useLocation();
  const stages = inOrder(stack);
  const going = leaving(stack);
  const adding = params.get("add");
  const act = params.get("do");
  const acting = stages.find((stage) => stage.name === params.get("stage"));
  const close = () => setParams({}, { replace: true });
  const add = (place: string) => setParams({ add: place });
  const refusal = mayNot(role, "write");

  // An address such as /stacks/shop#prod leads to that stage.
  useEffect(() => {
    const tile = hash && document.getElementById(hash.slice(1));
    if (!tile) return;
    tile.scrollIntoView({ block: "nearest", inline: "center" });
    tile.focus({ preventScroll: true });
  }, [hash]);

  if (stack.state === "deleting")
    return (
      <Notice role="status" color="gray" icon={<IconTrash />} title={`${stack.name} is being deleted`}>
        {going.length > 0 ? `${plural(going.length, "stage")} of it ${going.length === 1 ? "is" : "are"} not gone yet.` : "It is gone in a moment."}
      </Notice>
    );
  return (
    <>
      <ol className={classes.flow} aria-label="Pipeline" tabIndex={-1}>
        <li className={classes.cell}>
          <CodeTile stack={stack} newest={stack.newest && changes.get(stack.newest.change)} />
        </li>
        {stages.map((stage, index) => (
          <Fragment key={stage.id}>
            <li className={classes.between}>
              <Gate
                stage={stage}
                add={refusal ? undefined : () => add(`before:${stage.name}`)}
                where={index === 0 ? `before ${stage.name}` : `between ${stages[index - 1]!.name} and ${stage.name}`}
              />
            </li>
            <li className={classes.cell}>
              <StageTile stack={stack} stage={stage} changes={changes} role={role} act={(what) => setParams({ do: what, stage: stage.name })} />
            </li>
          </Fragment>
        ))}
        {!refusal && (
          <li className={classes.end}>
            <Button
              className={classes.add}
              variant="default"
              onClick={() => add("end")}
            >
              <span>
                <IconPlus size={16} aria-hidden className={classes.plus} /> Add stage
              </span>
            </Button>
          </li>
        )}
      </ol>
      {going.map((stage) => (
        <Notice key={stage.id} role="status" mt="md" color="gray" icon={<IconTrash />} title={`${stage.name} is being deleted`}>
          {stage.deleting?.problem
            ? `Tried ${plural(stage.deleting.tries, "time")}, and tried again: ${stage.deleting.problem}`
            : "Its instances and its address are being removed."}
          {stage.deleting?.problem && role === "admin" && (
            <>
              {" "}
              <Anchor component={Link} inherit c="inherit" underline="always" to={`/stacks/${stack.name}/settings/${stage.name}/details`}>
                Its deletion can be forced.
              </Anchor>
            </>
          )}
        </Notice>
      ))}
      {adding !== null && !refusal && <NewStage stack={stack} role={role} place={placeOf(adding)} close={close} />}
      {acting && isAct(act) && <ActDialog key={act} stack={stack} stage={acting} act={act} role={role} changes={changes} close={close} />}
    </>
  );
}
