import { Box, NavLink, Select, Stack as Column, Text } from "@mantine/core";
import {
  IconAdjustments,
  IconArrowsMaximize,
  IconDatabase,
  IconGitBranch,
  IconHammer,
  IconInfoCircle,
  IconVariable,
  IconWorld,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router-dom";
import type { Me, Stack, Stage } from "@/api/client";
import { me as whoami, stack as stackQuery } from "@/api/queries";
import { Empty, Loading, Problem } from "@/ui/answers";
import { PageHead } from "@/ui/page";
import { StackTabs } from "@/ui/stack-tabs";
import { DatabasePart } from "./database-part";
import { DetailsPart, LeavingStage } from "./details-part";
import { EndpointPart } from "./endpoint-part";
import { ScalePart } from "./scale-part";
import classes from "./settings.module.css";
import { StackPart } from "./stack-part";
import { VariablesHistory } from "./variables-history";
import { VariablesPart } from "./variables-part";

const parts = [
  { id: "details", name: "Stage details", icon: IconInfoCircle },
  { id: "build", name: "Build variables", icon: IconHammer },
  { id: "runtime", name: "Runtime variables", icon: IconVariable },
  { id: "endpoint", name: "Endpoint", icon: IconWorld },
  { id: "scale", name: "Scale", icon: IconArrowsMaximize },
  { id: "database", name: "Database", icon: IconDatabase },
] as const;

function Part({ stack, stage, part, me }: { stack: Stack; stage: Stage; part: string; me: Me }) {
  if (stage.position === undefined) return <LeavingStage stack={stack} stage={stage} me={me} />;
  const props = { stack, stage, me };
  switch (part) {
    case "details":
      return <DetailsPart {...props} />;
    case "build":
    case "runtime":
      return (
        <>
          <VariablesPart {...props} kind={part} />
          <VariablesHistory stage={stage} kind={part} />
        </>
      );
    case "endpoint":
      return <EndpointPart {...props} />;
    case "scale":
      return <ScalePart {...props} />;
    case "database":
      return <DatabasePart {...props} />;
    default:
      return (
        <Empty icon={IconAdjustments} title="There is no such part">
          The parts of a stage's settings are on the left.
        </Empty>
      );
  }
}

/** Where one is, and where one can go: links beside the page, selects above it on a phone. */
function Nav({ stack, stage, part }: { stack: Stack; stage?: Stage; part: string }) {
  const navigate = useNavigate();
  const root = `/stacks/${stack.name}/settings`;
  const options = stack.stages.map((one) => ({ value: one.name, label: one.position ? one.name : `${one.name} (being deleted)` }));
  // The drop-down names a stage also while one looks at the stack: its parts are one click away.
  const chosen = stage ?? stack.stages[0];
  const to = (name: string) => navigate(`${root}/${name}/${stage ? part : "details"}`);
  return (
    <>
      <Box component="nav" className={classes.nav} visibleFrom="sm" aria-label="Settings">
        <NavLink
          component={Link}
          to={root}
          label="Stack settings"
          leftSection={<IconGitBranch size={18} aria-hidden />}
          active={!stage}
          aria-current={stage ? undefined : "page"}
          style={{ borderRadius: 8 }}
        />
        {chosen ? (
          <>
            <Select label="Stage" mt="md" mb="xs" data={options} value={chosen.name} onChange={(name) => name && to(name)} allowDeselect={false} />
            {parts.map(({ id, name, icon: Icon }) => {
              const here = stage !== undefined && part === id;
              return (
                <NavLink
                  key={id}
                  component={Link}
                  to={`${root}/${chosen.name}/${id}`}
                  label={name}
                  leftSection={<Icon size={18} aria-hidden />}
                  active={here}
                  aria-current={here ? "page" : undefined}
                  style={{ borderRadius: 8 }}
                />
              );
            })}
          </>
        ) : (
          <Text size="sm" c="dimmed" mt="md" px="sm">
            This stack has no stage yet.
          </Text>
        )}
      </Box>
      <Column gap="xs" hiddenFrom="sm">
        <Select
          label="Settings of"
          data={[{ value: "", label: "The stack" }, ...options]}
          value={stage?.name ?? ""}
          onChange={(name) => (name ? to(name) : navigate(root))}
          allowDeselect={false}
        />
        {stage && (
          <Select
            label="Part"
            data={parts.map(({ id, name }) => ({ value: id, label: name }))}
            value={part}
            onChange={(id) => navigate(`${root}/${stage.name}/${id ?? "details"}`)}
            allowDeselect={false}
          />
        )}
      </Column>
    </>
  );
}

export default function Settings() {
  const { stack: name = "", stage: stageName, part = "details" } = useParams();
  const stack = useQuery(stackQuery(name));
  const who = useQuery(whoami());
  const stage = stack.data?.stages.find((one) => one.name === stageName);
  const partName = parts.find((one) => one.id === part)?.name;
  const head = (
    <>
      <PageHead title="Settings" trail={[{ name: "Stacks", to: "/" }, { name, to: `/stacks/${name}` }]} />
      <StackTabs stack={name} />
    </>
  );
  // A refresh that fails takes nothing away: there may be edits.
  if (!stack.data || !who.data) {
    return (
      <>
        {head}
        {stack.error ? <Problem error={stack.error} retry={() => void stack.refetch()} /> : <Loading rows={3} height={120} />}
      </>
    );
  }
  const wide = stageName !== undefined && (part === "build" || part === "runtime");
  return (
    <>
      {head}
      <div className={`${classes.frame} ${wide ? classes.wide : ""}`}>
        <Nav stack={stack.data} stage={stage} part={part} />
        <div>
          <h2 className={classes.heading}>{stageName ? `${stageName}: ${partName ?? part}` : "Stack settings"}</h2>
          {stageName === undefined ? (
            <StackPart stack={stack.data} me={who.data} />
          ) : stage ? (
            <Part key={`${stage.id}/${part}`} stack={stack.data} stage={stage} part={part} me={who.data} />
          ) : (
            <Empty icon={IconAdjustments} title={`${name} has no stage called ${stageName}`}>
              It may have been deleted. Choose another one.
            </Empty>
          )}
        </div>
      </div>
    </>
  );
}
