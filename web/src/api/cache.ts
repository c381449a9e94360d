import { type InvalidateOptions, type InvalidateQueryFilters, QueryClient } from "@tanstack/react-query";

/**
 * A QueryClient in which also what is still on its way for the first time is made stale: QueryClient by itself takes that for
 * fresh when it comes, though it may have been read before what makes it stale.
 */
export class Cache extends QueryClient {
  private readonly awaited = new WeakSet<Promise<unknown>>();

  override invalidateQueries(filters: InvalidateQueryFilters = {}, options?: InvalidateOptions): Promise<void> {
    for (const { queryKey, state, promise } of this.getQueryCache().findAll(filters)) {
      if (state.data !== undefined || state.fetchStatus !== "fetching" || !promise || this.awaited.has(promise)) continue;
      this.awaited.add(promise);
      promise.then(
        () => super.invalidateQueries({ queryKey, exact: true }),
        () => undefined, // it is told where it is shown
      );
    }
    return super.invalidateQueries(filters, options);
  }
}
