import { Stack, Text } from "@mantine/core";
import { IconArrowRight, IconGitCompare } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router-dom";
import type { Comparison as Compared } from "@/api/client";
import { comparison, deployment as one } from "@/api/queries";
import { wentWhere } from "@/lib/compare";
import { Empty, Loading, Problem } from "@/ui/answers";
import { Differences } from "@/ui/differences";
import { Notice } from "@/ui/notice";
import { PageHead } from "@/ui/page";
import { Chooser } from "./chooser";
import classes from "./comparison.module.css";
import { Side } from "./side";
import { SideBySide } from "./side-by-side";

/** A deployment beside another to the same stage: what ran before it, unless the address names one. */
export default function Comparison() {
  const { stack = "", deployment: id = "" } = useParams();
  const [query, setQuery] = useSearchParams();
  const other = query.get("with") ?? "";
  const this_ = useQuery(one(id));
  const asked = useQuery(comparison(stack, id, other));
  const name = this_.data && `#${this_.data.change} to ${this_.data.stage}`;
  return (
    <>
      <PageHead
        title={name ? `${name}, compared` : "Deployments compared"}
        trail={[
          { name: stack, to: `/stacks/${stack}` },
          { name: "History", to: `/stacks/${stack}/history${this_.data ? `?stage=${this_.data.stage}` : ""}` },
          ...(name ? [{ name, to: `/stacks/${stack}/deployments/${id}` }] : []),
        ]}
      />
      {this_.data && (
        <Chooser
          deployment={this_.data}
          other={asked.data?.with}
          choose={(next) => setQuery(next ? { with: next } : {}, { replace: true })}
          chosen={other}
        />
      )}
      {asked.data ? (
        <Shown compared={asked.data} />
      ) : asked.error ? (
        <Problem error={asked.error} retry={() => void asked.refetch()} />
      ) : (
        <Loading rows={4} />
      )}
    </>
  );
}

function Shown({ compared }: { compared: Compared }) {
  const { deployment, with: other, direction } = compared;
  if (!other)
    return (
      <Empty icon={IconGitCompare} title="Nothing to compare it with">
        No deployment to {deployment.stage} had succeeded when this one ran. Choose another above, if there is one.
      </Empty>
    );
  const goes = wentWhere(compared);
  return (
    <Stack gap="xl">
      <div>
        <div className={classes.from}>
          <Side title="From" deployment={other} />
          <IconArrowRight aria-hidden color="var(--mantine-color-dimmed)" />
          <Side title="To" deployment={deployment} />
        </div>
        {direction ? <Text mt="md">{goes}</Text> : <Notice mt="md" color="yellow">{goes}</Notice>}
      </div>
      <SideBySide other={other} one={deployment} />
      <Differences what={compared} alike="Both ran with the same variables and settings." />
    </Stack>
  );
}
