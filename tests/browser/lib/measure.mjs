// Prints the figures of docs/dashboard.md; bench/dashboard calls it.
import path from "node:path";
import { parseArgs } from "node:util";
import { launch, root, Tab } from "./browser.mjs";
import { seed } from "./seed.mjs";
import { Server } from "./server.mjs";
import { until } from "./until.mjs";

const { values: options } = parseArgs({
  options: {
    sluice: { type: "string", default: path.join(root, "build/sluice") },
    rounds: { type: "string", default: "15" },
    stacks: { type: "string", default: "2000" },
  },
});
const rounds = Number(options.rounds);

/** In the page: notes when the text of `main` first fits the pattern, and every long task. Drawn: two frames later. */
const watch = (pattern) => {
  window.seen = undefined;
  window.longest = 0;
  const wanted = new RegExp(pattern, "s");
  const look = () => {
    if (window.seen !== undefined || !wanted.test(document.querySelector("main")?.textContent ?? "")) return;
    window.seen = 0; // found; the frame that shows it is yet to come
    requestAnimationFrame(() => {
      const channel = new MessageChannel(); // after the frame's own painting
      channel.port1.onmessage = () => (window.seen = performance.timeOrigin + performance.now());
      channel.port2.postMessage(null);
    });
  };
  window.stopWatching?.();
  const observer = new MutationObserver(look);
  observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  window.stopWatching = () => observer.disconnect();
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
  }).observe({ type: "longtask", buffered: true });
  look();
};
const seen = (tab) => until("what is waited for is on the screen", 30, () => tab.page.evaluate(() => window.seen));

function line(what, values, unit, limit) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(0).padStart(5);
  console.log(`${what.padEnd(58)} median ${at(0.5)}   p90 ${at(0.9)}   worst ${at(1)} ${unit}   wanted: ${limit}`);
}

const server = await Server.start(path.resolve(options.sluice));
const browser = await launch();
try {
  await seed(server);

  const paints = [];
  const drawn = [];
  let scripts = [];
  for (let round = 0; round < rounds; round++) {
    const tab = await Tab.open(browser, server.url, { token: server.token }); // a new profile: nothing is cached
    await tab.page.addInitScript(watch, "shop.*dev.*test.*prod.*Say hello");
    await tab.page.goto("/stacks/shop", { waitUntil: "commit" });
    const when = await seen(tab);
    const told = await tab.page.evaluate(() => ({
      origin: performance.timeOrigin,
      paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
      scripts: performance
        .getEntriesByType("resource")
        .filter((one) => /\.js$/.test(one.name))
        .map((one) => one.encodedBodySize),
    }));
    paints.push(told.paint);
    drawn.push(when - told.origin);
    scripts = told.scripts;
    await tab.close();
  }
  line("pipeline, nothing cached: first paint", paints, "ms", "< 1000");
  line("pipeline, nothing cached: stages and changes on screen", drawn, "ms", "< 1000");
  console.log(`JavaScript of that page, compressed: ${(scripts.reduce((a, b) => a + b, 0) / 1000).toFixed(0)} KB in ${scripts.length} files   wanted: < 300`);

  const tab = await Tab.open(browser, server.url, { token: server.token });
  await tab.go("/stacks/shop");
  await tab.page.getByText("live", { exact: true }).first().waitFor();
  const delays = [];
  for (let round = 0; round < rounds; round++) {
    for (const [act, pattern] of [["pause", "prod.*paused|paused.*prod"], ["resume", "^(?!.*paused)"]]) {
      await tab.page.evaluate(watch, pattern);
      await server.api(`/stacks/shop/stages/prod/${act}`, { method: "POST" });
      const when = await seen(tab);
      const [event] = (await server.api("/audit?stack=shop&limit=1")).items;
      delays.push(when - Date.parse(event.at)); // the event's own time: decided, before it is written to the disk
    }
  }
  line("an event, from its decision to the screen", delays, "ms", "< 100");
  await tab.close();

  const wanted = Number(options.stacks);
  if (wanted > 0) {
    const middle = `service-${String(Math.floor(wanted / 2)).padStart(5, "0")}`;
    const names = Array.from({ length: wanted }, (_, i) => `service-${String(i).padStart(5, "0")}`);
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let name = names.pop(); name; name = names.pop()) {
          await server.api("/stacks", { method: "POST", body: JSON.stringify({ name }) });
        }
      }),
    );
    const times = [];
    const longest = [];
    for (let round = 0; round < Math.min(rounds, 5); round++) {
      const many = await Tab.open(browser, server.url, { token: server.token });
      await many.page.addInitScript(watch, "shop|service-0");
      await many.page.goto("/", { waitUntil: "commit" });
      const when = await seen(many);
      await many.page.getByRole("textbox").first().fill(middle);
      await many.page.getByRole("link", { name: middle }).first().waitFor();
      await many.page.getByRole("textbox").first().fill("");
      await many.page.mouse.move(700, 600);
      await many.page.mouse.wheel(0, 20_000);
      await many.settled();
      const told = await many.page.evaluate(() => ({ origin: performance.timeOrigin, longest: window.longest }));
      times.push(when - told.origin);
      longest.push(told.longest);
      await many.close();
    }
    line(`the list of ${wanted + 3} stacks on screen, nothing cached`, times, "ms", "< 1000");
    line("its longest task, searched and scrolled", longest, "ms", "< 200");
  }
} finally {
  await browser.close();
  await server.close();
}
