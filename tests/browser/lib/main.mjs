// Runs the flows beside this folder: each is a file that exports default async ({ test, … }). See flows/sign-in.mjs.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { launch, root, Tab } from "./browser.mjs";
import { seed } from "./seed.mjs";
import { Server } from "./server.mjs";
import { until } from "./until.mjs";

const folder = path.join(root, "tests/browser/flows");
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { sluice: { type: "string", default: path.join(root, "build/sluice") }, keep: { type: "boolean", default: false } },
});
if (!fs.existsSync(options.sluice)) {
  console.error(`${options.sluice} is not there; build it with script/build, or name another with --sluice`);
  process.exit(2);
}
const there = fs.readdirSync(folder).filter((name) => name.endsWith(".mjs")).map((name) => path.basename(name, ".mjs")).sort();
const wanted = positionals.length ? positionals.map((name) => path.basename(name, ".mjs")) : there;
for (const name of wanted) {
  if (!there.includes(name)) {
    console.error(`there is no flow ${name}; there are: ${there.join(", ")}`);
    process.exit(2);
  }
}

class Ended extends Error {}
let passed = 0;
let failed = 0;
let server;
let browser;
const tabs = new Set();

async function close() {
  await browser?.close().catch(() => undefined);
  await server?.close({ keep: options.keep });
  server = browser = undefined;
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void close().then(() => process.exit(130)));

try {
  server = await Server.start(path.resolve(options.sluice));
  browser = await launch();
  for (const flow of wanted) {
    // One test of a flow: passes when `act` ends without an error and nothing went wrong in a tab that it used.
    const test = async (title, act) => {
      const began = Date.now();
      try {
        await act();
        for (const tab of tabs) tab.clean();
        passed++;
        console.log(`ok    ${flow}: ${title} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
        return true;
      } catch (error) {
        failed++;
        console.log(`FAIL  ${flow}: ${title}\n      ${String(error.stack ?? error).replaceAll("\n", "\n      ")}`);
        let number = 0;
        for (const tab of tabs) {
          tab.wrong.length = 0;
          await tab.shot(`failed-${flow}-${failed}-${++number}`).catch(() => undefined);
        }
        return false;
      }
    };
    // The same where all that follows needs it: the flow ends when it fails.
    const must = async (title, act) => {
      if (!(await test(title, act))) throw new Ended();
    };
    const open = async (how = {}) => {
      const tab = await Tab.open(browser, server.url, { token: server.token, ...how });
      tabs.add(tab);
      return tab;
    };
    const { default: run, needs } = await import(path.join(folder, `${flow}.mjs`));
    try {
      if (needs === "seed") server.seeded ??= await seed(server);
      await run({ test, must, open, server, browser, until, seeded: server.seeded, root });
    } catch (error) {
      if (!(error instanceof Ended)) failed++;
      if (error instanceof Ended) console.log(`      ${flow}: ends here, what follows needs it`);
      else console.log(`FAIL  ${flow}\n      ${String(error.stack ?? error).replaceAll("\n", "\n      ")}`);
    }
    for (const tab of tabs) await tab.close().catch(() => undefined);
    tabs.clear();
  }
} catch (error) {
  failed++;
  console.log(String(error.stack ?? error));
} finally {
  await close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
