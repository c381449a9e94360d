import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { sizes } from "../lib/browser.mjs";

export const needs = "seed";

/** Every page of web/src/app.tsx, wide and narrow, light and dark: no error, nothing from elsewhere, usable by everybody. */
export default async function ({ test, open, seeded, root }) {
  const app = fs.readFileSync(path.join(root, "web/src/app.tsx"), "utf8");
  const routes = [...new Set([...app.matchAll(/<Route path="([^"]+)"/g)].map((found) => found[1]))];
  const values = { stack: "shop", stage: "prod", change: "2", deployment: seeded.deployment };
  const example = (route) => (route === "*" ? "/no/such/page" : route.replace(/:(\w+)/g, (_, name) => values[name]));
  // One place a route is shown at, and the settings' parts each; a route that is not listed here is walked with its example.
  const parts = ["details", "build", "runtime", "endpoint", "scale", "database"];
  const walk = routes.flatMap((route) =>
    route.endsWith("/:part") ? parts.map((part) => example(route.replace(":part", part))) : [example(route)],
  );
  walk.push(`/stacks/blog`, `/stacks/blog/deployments/${seeded.failed}`, "/stacks/empty");

  const name = (target, size, scheme) => `${target === "/" ? "stacks" : target.slice(1).replaceAll("/", "-").replace(/dep_\w+/, "id")}-${size}-${scheme}`;

  const usable = async (tab, where) => {
    const violations = await tab.axe();
    for (const one of violations) console.log(`      axe, ${where}: ${one.text}`);
    assert.equal(violations.length, 0, `${violations.length} violations (above)`);
  };

  for (const size of Object.keys(sizes)) {
    for (const scheme of ["light", "dark"]) {
      const inside = await open({ size, scheme });
      const outside = await open({ size, scheme, token: undefined });
      outside.expect(/status of 401/);
      for (const target of walk) {
        await test(`${target}, ${size}, ${scheme}`, async () => {
          const tab = target === "/sign-in" ? outside : inside;
          await tab.go(target);
          await tab.shot(name(target, size, scheme));
          assert.match(await tab.page.title(), /\S · Sluice$/, "the tab has no name of its own");
          const headings = await tab.page.getByRole("heading", { level: 1 }).allInnerTexts();
          assert.equal(headings.length, 1, `first-level headings: ${headings.join(", ") || "none"}`);
          const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
          await usable(tab, `${target}, ${size}, ${scheme}`);
        });
      }
      await test(`the account's menu, ${size}, ${scheme}`, async () => {
        await inside.go("/approvals");
        await inside.page.getByRole("button", { name: /^Account/ }).click();
        await inside.page.getByRole("menuitem", { name: "Sign out" }).waitFor();
        await usable(inside, `the account's menu, ${size}, ${scheme}`);
      });
    }
  }
}
