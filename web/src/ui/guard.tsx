import { Component, type ComponentType, lazy, type ReactNode, useEffect } from "react";
import { matchPath } from "react-router-dom";
import { client, told } from "@/api/client";
import { useConnection } from "@/api/live";
import { Problem } from "./answers";
import { PageHead } from "./page";

/** A page's own file did not come: the server is away, or was upgraded since this tab was opened and has other files now. */
class NotLoaded extends Error {
  override name = "NotLoaded";
}

/**
 * A page that is loaded when it is first shown; must stand below a Guard. One whose `address` is the first to be shown is
 * asked for at once, not after who is asking is known.
 */
export const page = (load: () => Promise<{ default: ComponentType }>, address?: string) => {
  if (address && matchPath(address, window.location.pathname)) void load().catch(() => undefined);
  return lazy(() =>
    load().catch(() => {
      throw new NotLoaded("The server does not answer. The page is loaded by itself as soon as it does.");
    }),
  );
};

const kOnce = 10_000; // ms within which it does not reload by itself a second time
const kKept = "sluice.reloaded";

/** Loads all of the dashboard anew, unless that was just done and did not help. */
function reloadOnce() {
  try {
    if (Date.now() - Number(sessionStorage.getItem(kKept)) < kOnce) return;
    sessionStorage.setItem(kKept, String(Date.now()));
  } catch {
    return; // without a memory it might never end; the button is there
  }
  window.location.reload();
}

function Away({ error }: { error: NotLoaded }) {
  const connection = useConnection();
  useEffect(() => {
    if (connection !== "live") return;
    // Asked first: a reload while the server is away would leave nothing but the browser's own page.
    told(client.GET("/api/v1/me")).then(reloadOnce, () => undefined);
  }, [connection]);
  return <Broken title="The page could not be loaded" error={error} />;
}

function Broken({ title, error }: { title: string; error: unknown }) {
  return (
    <>
      <PageHead title={title} />
      <Problem error={error} title="It can be tried again" retry={() => window.location.reload()} />
    </>
  );
}

/** Where a page breaks, or does not come, this says so in its place; all around it stays. `at`: a new one is a new try. */
export class Guard extends Component<{ at: string; children: ReactNode }, { error?: unknown }> {
  override state: { error?: unknown } = {};
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override componentDidUpdate(before: { at: string }) {
    if (before.at !== this.props.at && this.state.error !== undefined) this.setState({ error: undefined });
  }
  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return error instanceof NotLoaded ? <Away error={error} /> : <Broken title="This page is broken" error={error} />;
  }
}
