import { Button, Center, Loader, Text } from "@mantine/core";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Problem } from "./answers";

/** How a list of pages goes on, as TanStack's infinite queries say it. */
export interface More {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: unknown;
  fetchNextPage: (options?: { cancelRefetch?: boolean }) => unknown;
}

/**
 * A list of any length that scrolls with the page: only what is seen is in the document, and the next page is loaded before
 * its end is reached. `height` is what a row is probably high, in pixels; `id` stays the same function, or all is measured
 * again.
 */
export function LongList<Item>({
  label,
  items,
  id,
  row,
  height,
  more,
}: {
  label: string;
  items: Item[];
  id: (item: Item) => string | number;
  row: (item: Item) => ReactNode;
  height: number;
  more: More;
}) {
  const top = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const rect = top.current?.getBoundingClientRect();
    if (rect) setMargin(rect.top + window.scrollY);
  }, []);
  const rows = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: margin,
    getItemKey: useCallback(
      (index: number) => {
        const item = items[index];
        return item === undefined ? index : id(item);
      },
      [items, id],
    ),
  });
  const shown = rows.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? -1;
  const wanted = last >= items.length - 30 && more.hasNextPage && !more.isFetchingNextPage && !more.isFetchNextPageError;
  useEffect(() => {
    if (wanted) more.fetchNextPage({ cancelRefetch: false });
  });
  return (
    <div ref={top}>
      <div role="list" aria-label={label} style={{ height: rows.getTotalSize(), position: "relative" }}>
        {shown.map(({ key, index, start }) => {
          const item = items[index];
          return item === undefined ? null : (
            <div
              key={key}
              ref={rows.measureElement}
              data-index={index}
              role="listitem"
              aria-posinset={index + 1}
              aria-setsize={more.hasNextPage ? -1 : items.length}
              style={{ position: "absolute", insetInline: 0, top: 0, transform: `translateY(${start - margin}px)` }}
            >
              {row(item)}
            </div>
          );
        })}
      </div>
      <Center py="md">
        {more.isFetchNextPageError ? (
          <Problem error={more.error} retry={() => void more.fetchNextPage()} />
        ) : more.isFetchingNextPage ? (
          <Loader size="sm" aria-label="Loading more" />
        ) : more.hasNextPage ? (
          <Button variant="default" size="xs" onClick={() => void more.fetchNextPage()}>
            Load more
          </Button>
        ) : (
          <Text size="sm" c="dimmed">
            That is all.
          </Text>
        )}
      </Center>
    </div>
  );
}
