import { QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, vi } from "vitest";
import { Cache } from "./cache";

describe("the cache", () => {
  it("asks again for what was on its way for the first time when it became stale, once", async () => {
    const cache = new Cache();
    const come: ((answer: string) => void)[] = [];
    const ask = () => new Promise<string>((done) => come.push(done));
    const seen = new QueryObserver(cache, { queryKey: ["stack", "shop"], queryFn: ask, staleTime: Infinity });
    const stop = seen.subscribe(() => undefined);
    expect(come.length).toBe(1);
    void cache.invalidateQueries({ queryKey: ["stack"] });
    void cache.invalidateQueries({ queryKey: ["stack", "shop"] });
    come[0]?.("of before");
    await vi.waitFor(() => expect(come.length).toBe(2));
    come[1]?.("of now");
    await vi.waitFor(() => expect(seen.getCurrentResult().data).toBe("of now"));
    expect(seen.getCurrentResult().isFetching).toBe(false);
    expect(come.length).toBe(2);
    stop();
    cache.clear();
  });

  it("leaves alone what is on its way and was not made stale", async () => {
    const cache = new Cache();
    const ask = vi.fn(() => Promise.resolve("well"));
    const seen = new QueryObserver(cache, { queryKey: ["approvals"], queryFn: ask, staleTime: Infinity });
    const stop = seen.subscribe(() => undefined);
    void cache.invalidateQueries({ queryKey: ["stack"] });
    await vi.waitFor(() => expect(seen.getCurrentResult().data).toBe("well"));
    await Promise.resolve();
    expect(ask).toHaveBeenCalledTimes(1);
    stop();
    cache.clear();
  });
});
