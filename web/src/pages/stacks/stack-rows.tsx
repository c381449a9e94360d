import { Anchor, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import { Link } from "react-router-dom";
import type { Stack } from "@/api/client";
import { lastSeen, overall } from "@/lib/stacks";
import { Age } from "@/ui/age";
import { State } from "@/ui/state";
import { Newest, Strip, Waits } from "./stack-parts";
import classes from "./stacks.module.css";

/** Many stacks, one a row; only those that are seen are in the document. */
export function StackRows({ stacks }: { stacks: Stack[] }) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  const small = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
  const height = small ? 104 : 52;
  useLayoutEffect(() => setTop(list.current ? list.current.getBoundingClientRect().top + window.scrollY : 0), [small]);
  const rows = useWindowVirtualizer({
    count: stacks.length,
    estimateSize: () => height,
    overscan: 10,
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
            <Text fw={600} truncate className={classes.name} component="div">
              <Anchor component={Link} to={`/stacks/${stack.name}`} inherit c="inherit" className={classes.whole}>
                {stack.name}
              </Anchor>
            </Text>
            <div className={classes.state}>
              <State look={overall(stack)} size="sm" />
            </div>
            <div className={classes.newest}>
              <Newest stack={stack} />
            </div>
            <div className={classes.stages}>
              <Strip stack={stack} most={4} />
              <Waits stack={stack} />
            </div>
            <Text size="xs" c="dimmed" className={classes.age} component="div">
              <Age at={lastSeen(stack)} bare />
            </Text>
          </li>
        );
      })}
    </ul>
  );
}
