import { useMediaQuery } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useLayoutEffect, useRef, useState } from "react";
import { Link } from "react-router-dom";
import type { Stack } from "@/api/client";
import { lastChange, overall } from "@/lib/stacks";
import { Age } from "@/ui/age";
import { State } from "@/ui/state";
import { newestWords, Strip, Waits } from "./stack-parts";
import classes from "./stacks.module.css";

/** Many stacks, one a row; only those that are seen are in the document. */
export function StackRows({ stacks }: { stacks: Stack[] }) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  const small = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
  const height = small ? 116 : 56;
  useLayoutEffect(() => setTop(list.current ? list.current.getBoundingClientRect().top + window.scrollY : 0), [small]);
  const rows = useWindowVirtualizer({
    count: stacks.length,
    estimateSize: () => height,
    overscan: 6,
    scrollMargin: top,
    getItemKey: (index) => stacks[index]?.id ?? index,
  });
  useLayoutEffect(() => rows.measure(), [height, rows]);
  return (
    <ul ref={list} className={classes.rows} style={{ height: rows.getTotalSize() }}>
      {rows.getVirtualItems().map((row) => {
        const stack = stacks[row.index];
        if (!stack) return null;
        return (
          <li
            key={row.key}
            aria-setsize={stacks.length}
            aria-posinset={row.index + 1}
            className={classes.row}
            style={{ height, transform: `translateY(${row.start - top}px)` }}
          >
            <Row stack={stack} />
          </li>
        );
      })}
    </ul>
  );
}

/** The content of a row; as light as it can be, for they come by the dozen while one scrolls. */
const Row = memo(function Row({ stack }: { stack: Stack }) {
  const { newest, repository } = stack;
  return (
    <>
      <div className={classes.name}>
        <Link to={`/stacks/${stack.name}`} className={classes.whole}>
          {stack.name}
        </Link>
      </div>
      <div className={classes.state}>
        <State look={overall(stack)} size="sm" />
      </div>
      <div className={classes.newest} data-none={!newest || undefined}>
        {newestWords(stack)}
        <div className={classes.who}>
          {newest?.author ? `${newest.author.name} · ${repository.branch}` : repository.branch}
        </div>
      </div>
      <div className={classes.stages}>
        <Strip stack={stack} most={4} />
        <Waits stack={stack} />
      </div>
      <div className={classes.age}>
        <Age at={lastChange(stack)} bare />
      </div>
    </>
  );
});
