import { Code, Table, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Deployment } from "@/api/client";
import { notable, pairs, whole } from "@/lib/compare";
import { duration } from "@/lib/time";
import { short } from "@/lib/words";
import classes from "./comparison.module.css";

const time = (milliseconds: number | undefined) => (milliseconds === undefined ? "–" : duration(milliseconds));

function Longer({ other, one }: { other?: number; one?: number }) {
  const difference = notable(other, one);
  if (difference === undefined) return null;
  return (
    <Text span inherit c={difference > 0 ? "yellow" : "green"}>
      {duration(Math.abs(difference))} {difference > 0 ? "longer" : "shorter"}
    </Text>
  );
}

function Row({ name, other, one, differs }: { name: string; other: ReactNode; one: ReactNode; differs: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {name}
      </Table.Th>
      <Table.Td>{other}</Table.Td>
      <Table.Td>{one}</Table.Td>
      <Table.Td>{differs}</Table.Td>
    </Table.Tr>
  );
}

const artifact = (deployment: Deployment) =>
  deployment.artifact ? (
    <>
      <Code title={deployment.artifact}>{short(deployment.artifact.replace(/^sha256-/, ""))}</Code> {deployment.built ? "built" : "reused"}
    </>
  ) : (
    "–"
  );
const settings = (deployment: Deployment) => (deployment.settings_revision === undefined ? "–" : `revision ${deployment.settings_revision}`);

/** What the two were made of and how long each of their steps took. */
export function SideBySide({ other, one }: { other: Deployment; one: Deployment }) {
  const same = <T,>(a: T | undefined, b: T | undefined) => (a === undefined || b === undefined ? null : a === b ? "the same" : "differs");
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label="Side by side">
      <Table className={classes.table} verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>
              <span className={classes.unseen}>What</span>
            </Table.Th>
            <Table.Th>From #{other.change}</Table.Th>
            <Table.Th>To #{one.change}</Table.Th>
            <Table.Th>
              <span className={classes.unseen}>Difference</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Row name="Artifact" other={artifact(other)} one={artifact(one)} differs={same(other.artifact, one.artifact)} />
          <Row name="Settings" other={settings(other)} one={settings(one)} differs={same(other.settings_revision, one.settings_revision)} />
          {pairs(other, one).map((pair) => (
            <Row key={pair.name} name={pair.name} other={time(pair.other)} one={time(pair.one)} differs={<Longer {...pair} />} />
          ))}
          <Row name="All steps" other={time(whole(other))} one={time(whole(one))} differs={<Longer other={whole(other)} one={whole(one)} />} />
        </Table.Tbody>
      </Table>
    </div>
  );
}
