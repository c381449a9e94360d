import { Button, Chip, CloseButton, Group, SimpleGrid, Text, TextInput, Tooltip } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlus, IconSearch, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useSearchParams } from "react-router-dom";
import { me, stacks } from "@/api/queries";
import { mayNot } from "@/lib/may";
import { counts, type Filter, filters, filterWords, narrowed, sorted } from "@/lib/stacks";
import { plural } from "@/lib/words";
import { Empty, Loading, Problem } from "@/ui/answers";
import { PageHead } from "@/ui/page";
import { NewStack } from "./new-stack";
import { StackCard } from "./stack-card";
import { StackRows } from "./stack-rows";

const kMostCards = 24; // more are rows

/** What stands in the search field; the address follows when the typing rests, and leads when it changes by itself. */
function useTyped(inAddress: string, write: (text: string) => void): [string, (text: string) => void] {
  const [typed, setTyped] = useState(inAddress);
  const written = useRef(inAddress);
  const later = useDebouncedCallback((text: string) => {
    written.current = text;
    write(text);
  }, 250);
  useEffect(() => {
    if (inAddress === written.current) return;
    written.current = inAddress;
    setTyped(inAddress);
  }, [inAddress]);
  return [
    typed,
    (text) => {
      setTyped(text);
      later(text);
    },
  ];
}

export default function Stacks() {
  const all = useQuery(stacks());
  const role = useQuery(me()).data?.role ?? "viewer";
  const [params, setParams] = useSearchParams();
  const set = (name: string, value: string) =>
    setParams(
      (old) => {
        if (value) old.set(name, value);
        else old.delete(name);
        return old;
      },
      { replace: true },
    );
  const [typed, type] = useTyped(params.get("q") ?? "", (text) => set("q", text));
  const filter = filters.find((one) => one === params.get("state"));
  const looked = useDeferredValue(typed);
  const count = useMemo(() => counts(all.data ?? []), [all.data]);
  const ordered = useMemo(() => sorted(all.data ?? []), [all.data]);
  const shown = useMemo(() => narrowed(ordered, looked, filter), [ordered, looked, filter]);

  const refusal = mayNot(role, "admin");
  const create = (
    <Tooltip label={refusal} disabled={!refusal}>
      <Button
        leftSection={<IconPlus size={16} />}
        data-disabled={refusal ? true : undefined}
        aria-disabled={refusal ? true : undefined}
        onClick={() => !refusal && set("new", "1")}
      >
        New stack
      </Button>
    </Tooltip>
  );

  const total = all.data?.length ?? 0;
  return (
    <>
      <PageHead title="Stacks" actions={total > 0 && create} />
      {params.has("new") && !refusal && <NewStack close={() => set("new", "")} />}
      {all.isPending ? (
        <Loading rows={4} />
      ) : all.isError ? (
        <Problem error={all.error} retry={() => void all.refetch()} />
      ) : total === 0 ? (
        <Empty icon={IconStack2} title="No stack yet" action={create}>
          A stack is a Git repository, one branch of it, and the stages its changes go through, such as dev, test and prod. Every push is
          built once and goes from stage to stage; where a stage asks for approval, it waits for a person.
        </Empty>
      ) : (
        <>
          <Group mb="md" gap="sm">
            <TextInput
              data-search
              aria-label="Search stacks"
              placeholder="Search by name, author, message"
              leftSection={<IconSearch size={16} />}
              rightSection={typed && <CloseButton size="sm" aria-label="Clear the search" onClick={() => type("")} />}
              value={typed}
              onChange={(event) => type(event.currentTarget.value)}
              w={{ base: "100%", xs: 300 }}
            />
            <Chip.Group value={filter ?? ""} onChange={(value) => set("state", String(value))}>
              <Group gap={6} role="radiogroup" aria-label="State">
                <Chip value="" size="sm">
                  All {total}
                </Chip>
                {filters.map((one: Filter) => (
                  <Chip key={one} value={one} size="sm" disabled={count[one] === 0 && filter !== one}>
                    {filterWords[one]} {count[one]}
                  </Chip>
                ))}
              </Group>
            </Chip.Group>
          </Group>
          <Text size="sm" c="dimmed" mb="xs" role="status">
            {shown.length === total ? plural(total, "stack") : `${shown.length} of ${plural(total, "stack")}`}
          </Text>
          {shown.length === 0 ? (
            <Empty
              icon={IconSearch}
              title="No stack matches"
              action={
                <Button variant="default" onClick={() => setParams({}, { replace: true })}>
                  Show all
                </Button>
              }
            />
          ) : total <= kMostCards ? (
            <SimpleGrid component="ul" cols={{ base: 1, md: 2, xl: 3 }} p={0} m={0} style={{ listStyle: "none" }}>
              {shown.map((stack) => (
                <li key={stack.id}>
                  <StackCard stack={stack} />
                </li>
              ))}
            </SimpleGrid>
          ) : (
            <StackRows stacks={shown} />
          )}
        </>
      )}
    </>
  );
}
