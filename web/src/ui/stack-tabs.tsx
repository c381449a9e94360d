import { useLayoutEffect, useRef } from "react";
import { Link, useLocation } from "react-router-dom";
import classes from "./stack-tabs.module.css";

const parts = [
  { name: "Pipeline", path: "" },
  { name: "History", path: "/history" },
  { name: "Activity", path: "/activity" },
  { name: "Insights", path: "/insights" },
  { name: "Settings", path: "/settings" },
];

/** The parts of a stack as a row of links below the page's head; scrolls sideways where it is too narrow for all. */
export function StackTabs({ stack }: { stack: string }) {
  const { pathname } = useLocation();
  const root = `/stacks/${stack}`;
  const row = useRef<HTMLElement>(null);
  // Where the row is too narrow for all, the tab of this page stands in its middle.
  useLayoutEffect(() => {
    const here = row.current?.querySelector<HTMLElement>("[aria-current]");
    if (row.current && here) row.current.scrollLeft = here.offsetLeft - row.current.offsetLeft - (row.current.clientWidth - here.offsetWidth) / 2;
  }, [pathname]);
  return (
    <nav ref={row} aria-label={`Stack ${stack}`} className={classes.row}>
      {parts.map(({ name, path }) => {
        const here = path ? pathname.startsWith(root + path) : pathname === root;
        return (
          <Link key={name} to={root + path} className={classes.link} aria-current={here ? "page" : undefined}>
            {name}
          </Link>
        );
      })}
    </nav>
  );
}
