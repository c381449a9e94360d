import { Group, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useParams, useSearchParams } from "react-router-dom";
import { stack as stackQuery } from "@/api/queries";
import { PageHead } from "@/ui/page";
import { StackTabs } from "@/ui/stack-tabs";
import { Changes } from "./changes";
import { Deployments } from "./deployments";

const isCommit = (text: string) => /^[0-9a-f]{4,40}$/i.test(text);

/** What came in, and what was deployed: all of it, newest first. */
export default function History() {
  const { stack = "" } = useParams();
  const [query, setQuery] = useSearchParams();
  const stage = query.get("stage") ?? "";
  // A stage has deployments; an address that names one means these.
  const view = (query.get("view") ?? (stage ? "deployments" : "changes")) === "deployments" ? "deployments" : "changes";
  const put = (name: string, value: string) =>
    setQuery(
      (old) => {
        if (value) old.set(name, value);
        else old.delete(name);
        return old;
      },
      { replace: true },
    );

  const [commit, setCommit] = useState(query.get("commit") ?? "");
  const [settled] = useDebouncedValue(commit.trim(), 250);
  const sought = isCommit(settled) ? settled.toLowerCase() : "";
  useEffect(() => {
    if (sought !== (query.get("commit") ?? "")) put("commit", sought);
  });
  const { data } = useQuery(stackQuery(stack));
  const stages = data?.stages.map((one) => one.name) ?? [];

  return (
    <>
      <PageHead title="History" trail={[{ name: "Stacks", to: "/" }, { name: stack, to: `/stacks/${stack}` }]} />
      <StackTabs stack={stack} />
      <Group justify="space-between" mb="md">
        <SegmentedControl
          aria-label="What to show"
          value={view}
          onChange={(value) => put("view", value)}
          data={[
            { value: "changes", label: "Changes" },
            { value: "deployments", label: "Deployments" },
          ]}
        />
        {view === "changes" ? (
          <TextInput
            aria-label="Find a commit"
            placeholder="Find a commit by its hash"
            leftSection={<IconSearch size={16} aria-hidden />}
            value={commit}
            onChange={(typed) => setCommit(typed.currentTarget.value)}
            error={commit.trim().length >= 4 && !isCommit(commit.trim()) ? "A hash has only the digits 0–9 and a–f." : undefined}
            w={260}
          />
        ) : (
          <Select
            aria-label="Stage"
            placeholder="All stages"
            clearable
            data={stage && !stages.includes(stage) ? [...stages, stage] : stages}
            value={stage || null}
            onChange={(value) => put("stage", value ?? "")}
            w={200}
          />
        )}
      </Group>
      {view === "changes" ? <Changes key={sought} stack={stack} commit={sought} /> : <Deployments key={stage} stack={stack} stage={stage} />}
    </>
  );
}
