import { ActionIcon, Text, TextInput, Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useState } from "react";
import { LogSearch, patternOf } from "@/lib/log-search";
import { type Range, readRange } from "@/lib/log-range";
import type { LogStore } from "@/lib/log-store";
import classes from "./log-view.module.css";

const kSlice = 8; // ms of searching before the page may do something else

export interface Searching {
  pattern: RegExp | null;
  found: readonly number[];
  busy: boolean;
  search: LogSearch | null;
}

/** Searches a log for words, in slices, and what is appended as it comes. */
export function useLogSearch(store: LogStore, version: number, words: string): Searching {
  const pattern = useMemo(() => patternOf(words), [words]);
  const search = useMemo(() => (pattern ? new LogSearch(store, new RegExp(pattern)) : null), [store, pattern]);
  const [, draw] = useState(0);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!search) return setBusy(false);
    let timer = 0;
    const run = () => {
      const more = search.step(kSlice);
      draw((n) => n + 1);
      setBusy(more);
      if (more) timer = window.setTimeout(run);
    };
    run();
    return () => window.clearTimeout(timer);
  }, [search, version]);
  return { pattern, found: search?.found ?? [], busy, search };
}

/**
 * The field that searches a log: Enter goes to the next place, with shift to the one before, Escape empties it. A colon
 * and a number, as ":120" or ":120-130", goes to lines.
 */
export function LogSearchField({
  field,
  words,
  setWords,
  searching,
  place,
  move,
  goTo,
}: {
  field: RefObject<HTMLInputElement>;
  words: string;
  setWords: (words: string) => void;
  searching: Searching;
  /** The place in `found` that is looked at; -1: none yet. */
  place: number;
  move: (by: 1 | -1) => void;
  goTo: (range: Range) => void;
}) {
  const count = searching.found.length;
  const lines = words.startsWith(":") ? readRange(words.slice(1)) : null;
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter") {
      event.preventDefault();
      if (lines) goTo(lines);
      else move(event.shiftKey ? -1 : 1);
    }
    if (event.key === "Escape") setWords("");
  };
  const many = `${count.toLocaleString()}${searching.busy ? "+" : ""}`;
  const said = lines ? "Enter goes there" : words === "" ? "" : count === 0 ? (searching.busy ? "…" : "none") : place < 0 ? many : `${place + 1} of ${many}`;
  return (
    <>
      <TextInput
        ref={field}
        className={classes.search}
        size="xs"
        type="search"
        data-search
        aria-label="Search in the log"
        placeholder="Search, or :120 for a line"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSectionWidth="auto"
        rightSection={
          said && (
            <Text size="xs" c="dimmed" pr={8} role="status" style={{ whiteSpace: "nowrap" }}>
              {said}
            </Text>
          )
        }
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        onKeyDown={keys}
      />
      {words !== "" && !lines && (
        <>
          <Tooltip label="Line before (Shift+Enter)">
            <ActionIcon variant="default" size={30} aria-label="Line before with the words" disabled={count === 0} onClick={() => move(-1)}>
              <IconChevronUp size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Next line (Enter)">
            <ActionIcon variant="default" size={30} aria-label="Next line with the words" disabled={count === 0} onClick={() => move(1)}>
              <IconChevronDown size={16} />
            </ActionIcon>
          </Tooltip>
        </>
      )}
    </>
  );
}
