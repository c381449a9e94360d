import { ActionIcon, Button, Group, Text, Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconClock, IconTextWrap } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router-dom";
import { type Log, useLogVersion } from "@/api/log";
import { picked, type Range, readRange, writeRange } from "@/lib/log-range";
import { plural } from "@/lib/words";
import { Problem } from "./answers";
import classes from "./log-view.module.css";
import { LogLines } from "./log-view-lines";
import { LogSearchField, useLogSearch } from "./log-view-search";
import { LogTake } from "./log-view-take";

const phases = {
  loading: "loading",
  live: "live",
  lost: "connection lost, tried again by itself",
  done: "",
  broken: "",
} as const;

/** A switch as an icon. */
function Toggle({ on, label, icon: Icon, flip }: { on: boolean; label: string; icon: typeof IconClock; flip: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant={on ? "light" : "default"} size={30} aria-label={label} aria-pressed={on} onClick={flip}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}

/**
 * A log with all that one does with it: search, follow, link to lines (the address's #L120 or #L120-L130), wrap, times,
 * copy, download. `path`: where the API has it whole. `search`: the query that links to its lines carry.
 */
export function LogView({
  log,
  path,
  label,
  file,
  search,
  kind,
  atEnd = true,
  timesFirst = false,
  fill = false,
  head,
  marked = null,
  empty,
}: {
  log: Log;
  path: string;
  label: string;
  file: string;
  search: string;
  /** What the reader's choices are remembered for. */
  kind: string;
  /** Begins at the end of the log rather than at its beginning. */
  atEnd?: boolean;
  timesFirst?: boolean;
  fill?: boolean;
  head?: string;
  marked?: Range | null;
  empty: ReactNode;
}) {
  const { store, phase } = log;
  const version = useLogVersion(store);
  const here = useLocation();
  const navigate = useNavigate();
  const selected = useMemo(() => readRange(here.hash), [here.hash]);
  const [follow, setFollow] = useState(atEnd && !selected);
  const [wrap, setWrap] = useLocalStorage({ key: `sluice-log-wrap-${kind}`, defaultValue: window.innerWidth < 700 && !head });
  const [times, setTimes] = useLocalStorage({ key: `sluice-log-times-${kind}`, defaultValue: timesFirst && window.innerWidth >= 700 });
  const [goal, setGoal] = useState<{ line: number } | null>(selected ? { line: selected.from } : null);

  const [words, setWordsNow] = useState("");
  const [place, setPlace] = useState(-1);
  const lines = words.startsWith(":") && readRange(words.slice(1)) ? "" : words;
  const searching = useLogSearch(store, version, lines);
  const field = useRef<HTMLInputElement>(null);
  const setWords = (next: string) => {
    setWordsNow(next);
    setPlace(-1);
  };
  const move = (by: 1 | -1) => {
    const { found, search: asked } = searching;
    if (!asked || found.length === 0) return;
    const start = selected?.from ?? store.first;
    const next = place >= 0 ? (place + by + found.length) % found.length : by > 0 ? asked.from(start) : found.length - 1;
    setPlace(next);
    setFollow(false);
    setGoal({ line: found[next] ?? 1 });
  };

  const select = useCallback(
    (range: Range) => navigate({ search, hash: writeRange(range) }, { replace: true, preventScrollReset: true }),
    [navigate, search],
  );
  const before = useRef(selected);
  before.current = selected;
  const pick = useCallback(
    (line: number, extend: boolean) => {
      setFollow(false);
      select(picked(line, before.current, extend));
    },
    [select],
  );
  const goTo = (range: Range) => {
    setFollow(false);
    setGoal({ line: Math.min(Math.max(range.from, store.first), store.end - 1) });
    select(range);
  };

  const failed = useRef(false);
  useEffect(() => {
    if (!marked || failed.current || selected) return;
    failed.current = true;
    setFollow(false);
    setGoal({ line: marked.from });
  }, [marked, selected]);

  const keys = (event: KeyboardEvent) => {
    // The browser's own search sees only the lines that are drawn.
    if (event.key === "f" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      field.current?.select();
    }
  };

  if (phase === "broken") return <Problem error={log.error} retry={log.again} title="The log cannot be read" />;
  const missing = store.first - 1;
  return (
    <section className={classes.frame} aria-label={label} onKeyDown={keys}>
      <Group className={classes.tools} gap={6}>
        <LogSearchField {...{ field, words, setWords, searching, place, move, goTo }} />
        <Group gap={6} ml="auto" wrap="nowrap">
          <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }} visibleFrom="xs">
            {plural(store.end - 1, "line").replace(/^\d+/, (n) => Number(n).toLocaleString())}
          </Text>
          <Text size="xs" c={phase === "lost" ? "red" : "dimmed"} role="status" style={{ whiteSpace: "nowrap" }}>
            {phases[phase]}
          </Text>
          {phase === "live" && (
            <Button size="compact-xs" variant={follow ? "light" : "default"} aria-pressed={follow} onClick={() => setFollow(!follow)} h={30}>
              Follow
            </Button>
          )}
          <Toggle on={times} label="Times" icon={IconClock} flip={() => setTimes(!times)} />
          <Toggle on={wrap} label="Wrap long lines" icon={IconTextWrap} flip={() => setWrap(!wrap)} />
          <LogTake store={store} path={path} file={file} selected={selected} />
        </Group>
      </Group>
      {missing > 0 && (
        <Text size="xs" c="dimmed" className={classes.note}>
          The first {missing.toLocaleString()} lines are no longer kept here; a download has them.
        </Text>
      )}
      <LogLines
        {...{ store, version, follow, setFollow, wrap, times, fill, selected, marked, goal, search, pick, empty }}
        label={`Lines of ${label}`}
        head={head}
        live={phase === "live"}
        pattern={searching.pattern}
        current={place >= 0 ? (searching.found[place] ?? null) : null}
      />
    </section>
  );
}
