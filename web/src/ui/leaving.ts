import type { Navigator } from "react-router-dom";

// Stands between the router and the browser's history while somebody wants to be asked before the page is left. What is
// asked first is what was first to want it.

/** Called instead of leaving; `go` leaves after all. */
export type Ask = (go: () => void) => void;

const asking: Ask[] = [];
let release: (() => void) | undefined;

/** The place of an entry in the browser's history, as the router notes it. */
const place = () => (window.history.state as { idx?: number } | null)?.idx ?? 0;

function stand(navigator: Navigator): () => void {
  const { push, replace } = navigator;
  let here = place();
  let free = false; // the person has said so: the next that goes, goes
  const guarded =
    (go: typeof push): typeof push =>
    (...to) => {
      const act = () => {
        go.apply(navigator, to);
        here = place();
      };
      asking[0]?.(act);
    };
  navigator.push = guarded(push);
  navigator.replace = guarded(replace);

  let undone = 0; // how far the browser had gone before it was sent back
  const onPop = (event: PopStateEvent) => {
    const away = place() - here;
    if (free) {
      free = false;
      here = place();
      return;
    }
    event.stopImmediatePropagation();
    if (away !== 0) {
      undone = away;
      window.history.go(-away); // the browser has gone already; asked when it is back, lest the two ways cross
    } else if (undone !== 0) {
      const far = undone;
      undone = 0;
      asking[0]?.(() => {
        free = true;
        window.history.go(far);
      });
    }
  };
  const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
  window.addEventListener("popstate", onPop, { capture: true });
  window.addEventListener("beforeunload", onUnload);
  return () => {
    navigator.push = push;
    navigator.replace = replace;
    window.removeEventListener("popstate", onPop, { capture: true });
    window.removeEventListener("beforeunload", onUnload);
  };
}

/** Asks from now on, until what it returns is called. */
export function beforeLeaving(navigator: Navigator, ask: Ask): () => void {
  asking.push(ask);
  release ??= stand(navigator);
  return () => {
    asking.splice(asking.indexOf(ask), 1);
    if (asking.length > 0) return;
    release?.();
    release = undefined;
  };
}
