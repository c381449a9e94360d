/** A page of the API's lists, newest first. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/**
 * The loaded pages with the newest page as it is now: what is new comes on top, what has changed is replaced, what was
 * pushed out of the first page stays behind it. When the newest page no longer reaches what was loaded, there would be a gap:
 * then only the newest page is left, and the rest is loaded again when somebody looks there.
 */
export function withNewest<Item>(pages: Page<Item>[], fresh: Page<Item>, id: (item: Item) => string | number): Page<Item>[] {
  const [first, ...rest] = pages;
  if (!first) return [fresh];
  const known = new Set(fresh.items.map(id));
  const newest = first.items[0];
  if (fresh.next !== null && newest !== undefined && !known.has(id(newest))) return [fresh];
  const pushedOut = first.items.filter((item) => !known.has(id(item)));
  const merged = { items: [...fresh.items, ...pushedOut], next: pushedOut.length > 0 || rest.length > 0 ? first.next : fresh.next };
  return [merged, ...rest.map((page) => ({ ...page, items: page.items.filter((item) => !known.has(id(item))) }))];
}

/** The loaded pages with one item as it is now; the same pages when it is not among them. */
export function withItem<Item>(pages: Page<Item>[], item: Item, id: (item: Item) => string | number): Page<Item>[] {
  const key = id(item);
  if (!pages.some((page) => page.items.some((one) => id(one) === key))) return pages;
  return pages.map((page) => ({ ...page, items: page.items.map((one) => (id(one) === key ? item : one)) }));
}
