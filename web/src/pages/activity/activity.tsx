import { Anchor, Button, Card, Center, Loader, Select, SimpleGrid, Text } from "@mantine/core";
import {
  IconActivity,
  IconAdjustments,
  IconAlertTriangle,
  IconChecklist,
  IconCircleCheck,
  IconGitCommit,
  IconLayoutColumns,
  IconProgress,
  IconRocket,
  type Icon as TablerIcon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { memo, useEffect, useRef } from "react";
import { Link, useParams, useSearchParams } from "react-router-dom";
import type { Event } from "@/api/client";
import { stacks as stacksQuery } from "@/api/queries";
import { eventActor, type EventKind, eventKind, sentence } from "@/lib/event-words";
import { exact } from "@/lib/time";
import { plural } from "@/lib/words";
import { Age } from "@/ui/age";
import { Empty, Loading, Problem } from "@/ui/answers";
import { PageHead } from "@/ui/page";
import { StackTabs } from "@/ui/stack-tabs";
import classes from "./activity.module.css";
import { useActivity } from "./use-activity";

const kinds: Record<EventKind, { name: string; icon: TablerIcon; color: string }> = {
  "check-in": { name: "Check-ins", icon: IconGitCommit, color: "grape" },
  approval: { name: "Approvals and gates", icon: IconChecklist, color: "yellow" },
  deployment: { name: "Deployments", icon: IconRocket, color: "blue" },
  settings: { name: "Settings", icon: IconAdjustments, color: "teal" },
  stage: { name: "Stacks and stages", icon: IconLayoutColumns, color: "indigo" },
  step: { name: "Every step", icon: IconProgress, color: "gray" },
};
const kindOptions = [
  { value: "", label: "All but steps" },
  ...Object.entries(kinds).map(([value, { name }]) => ({ value, label: name })),
];

/** How an event looks: by its kind, and how a deployment ended at a glance. */
function looks(event: Event): { icon: TablerIcon; color: string } {
  if (event.type === "DeploymentEnded" && event.state === "succeeded") return { icon: IconCircleCheck, color: "green" };
  if (event.type === "DeploymentEnded" && event.state === "failed") return { icon: IconAlertTriangle, color: "red" };
  return kinds[eventKind(event)];
}

/** One event: what happened in one sentence, and when. */
const Line = memo(function Line({ event, withStack }: { event: Event; withStack: boolean }) {
  const { icon: Icon, color } = looks(event);
  const { name } = kinds[eventKind(event)];
  return (
    <li className={classes.line}>
      <span className={classes.icon} style={{ color: `var(--mantine-color-${color}-text)` }} title={name}>
        <Icon size={18} aria-hidden />
      </span>
      <span className={classes.words}>
        {sentence(event).map((piece, i) =>
          typeof piece === "string" ? (
            piece
          ) : (
            <Anchor key={i} component={Link} to={piece.to} inherit underline="always" className={classes.link}>
              {piece.text}
            </Anchor>
          ),
        )}
      </span>
      <span className={classes.meta}>
        {withStack && (
          <Anchor component={Link} to={`/stacks/${event.stack}`} size="sm" c="dimmed">
            {event.stack}
          </Anchor>
        )}
        <Age at={event.at} />
      </span>
    </li>
  );
});

/** By day, so that an age has a place. */
function days(events: Event[]): { day: string; events: Event[] }[] {
  const out: { day: string; events: Event[] }[] = [];
  for (const event of events) {
    const day = new Date(event.at).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
    const last = out[out.length - 1];
    if (last?.day === day) last.events.push(event);
    else out.push({ day, events: [event] });
  }
  return out;
}

/** Calls `more` when it comes into sight. */
function Sentinel({ more }: { more: () => void }) {
  const at = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more(), { rootMargin: "400px" });
    if (at.current) watch.observe(at.current);
    return () => watch.disconnect();
  }, [more]);
  return <div ref={at} />;
}

const distinct = (values: (string | undefined)[]) => [...new Set(values.filter((one): one is string => !!one))].sort();

export default function Activity() {
  const { stack: fixed } = useParams();
  const [search, setSearch] = useSearchParams();
  const stack = fixed ?? search.get("stack") ?? undefined;
  const stage = search.get("stage");
  const who = search.get("who");
  const kind = search.get("kind");
  const { events, isPending, isError, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useActivity(stack);
  const stacks = useQuery({ ...stacksQuery(), enabled: fixed === undefined });
  const put = (name: string) => (value: string | null) =>
    setSearch(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(name, value);
        else next.delete(name);
        if (name === "stack") next.delete("stage");
        return next;
      },
      { replace: true },
    );

  const shown = events.filter(
    (event) =>
      (!stage || event.stage === stage) &&
      (!who || event.by === who) &&
      (kind ? kind === "step" || eventKind(event) === kind : eventKind(event) !== "step"),
  );
  const filtered = Boolean(stage || who || kind);
  const more = () => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  };
  const oldest = events[events.length - 1];

  return (
    <>
      <PageHead title="Activity" trail={fixed ? [{ name: "Stacks", to: "/" }, { name: fixed, to: `/stacks/${fixed}` }] : []} />
      {fixed && <StackTabs stack={fixed} />}
      <div className={classes.page}>
        <SimpleGrid cols={{ base: 2, sm: fixed ? 3 : 4 }} spacing="sm" mb="md" role="search" aria-label="Filter">
          {!fixed && (
            <Select label="Stack" placeholder="All" data={(stacks.data ?? []).map((one) => one.name)} value={stack ?? null} onChange={put("stack")} searchable clearable limit={200} />
          )}
          <Select
            label="Stage"
            placeholder="All"
            data={distinct([stage ?? undefined, ...events.map((one) => one.stage)])}
            value={stage}
            onChange={put("stage")}
            searchable
            clearable
          />
          <Select label="Who" placeholder="Everybody" data={distinct([who ?? undefined, ...events.map(eventActor)])} value={who} onChange={put("who")} searchable clearable />
          <Select label="What" data={kindOptions} value={kind ?? ""} onChange={put("kind")} allowDeselect={false} />
        </SimpleGrid>
        {isPending ? (
          <Loading rows={8} height={40} />
        ) : isError ? (
          <Problem error={error} retry={() => void refetch()} />
        ) : shown.length === 0 && !hasNextPage ? (
          <Empty icon={IconActivity} title={filtered ? "Nothing like that has happened" : "Nothing has happened yet"}>
            {filtered ? "Take away a filter to see more." : "Every push, decision, deployment and change of a setting is written down here, with who did it."}
          </Empty>
        ) : (
          days(shown).map(({ day, events: some }) => (
            <section key={day} aria-label={day}>
              <Text component="h2" size="sm" fw={600} c="dimmed" mt="md" mb={6}>
                {day}
              </Text>
              <Card withBorder radius="md" p={0}>
                <ul className={classes.list}>
                  {some.map((event) => (
                    <Line key={event.seq} event={event} withStack={stack === undefined} />
                  ))}
                </ul>
              </Card>
            </section>
          ))
        )}
        {!isPending && !isError && hasNextPage && (
          <Center mt="md">
            {isFetchingNextPage ? (
              <Loader size="sm" aria-label="Loading" />
            ) : filtered ? (
              <Button variant="default" onClick={more}>
                {plural(shown.length, "event")} of {events.length} looked at, back to {oldest ? exact(oldest.at) : "now"}: look further back
              </Button>
            ) : (
              <Button variant="subtle" onClick={more}>
                Older
              </Button>
            )}
          </Center>
        )}
        {!filtered && hasNextPage && !isFetchingNextPage && <Sentinel more={more} />}
      </div>
    </>
  );
}
