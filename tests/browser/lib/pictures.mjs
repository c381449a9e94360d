// Makes the pictures of docs/pictures from stacks that look like somebody's; script/pictures calls it.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { launch, root, Tab } from "./browser.mjs";
import { APP, Server } from "./server.mjs";
import { until } from "./until.mjs";

const { values: options } = parseArgs({ options: { sluice: { type: "string", default: path.join(root, "build/sluice") } } });
const folder = path.join(root, "docs/pictures");
const kMost = 150_000; // bytes a picture
const kLater = 4 * 60_000; // ms: what has just happened is shown as some minutes old

const build = (seconds, more = "") => ({
  ...APP,
  "build.sh": `#!/bin/sh\nset -e\necho 'fetching 214 packages'\nsleep ${seconds}\necho 'compiling 68 modules'\n${more}`,
  "sluice.toml": '[build]\ncommand = "sh build.sh"\n',
});
const failing =
  "echo 'running 312 tests'\necho 'ok    cart: an empty cart has no total'\necho 'ok    cart: prices are rounded once'\n" +
  "printf '\\033[31mFAIL\\033[0m  checkout: the total has no tax\\n'\necho '      expected 119.00, got 100.00'\necho '      at checkout/total.test:48'\n" +
  "echo '311 passed, 1 failed' >&2\nexit 1\n";

const free = (port) =>
  new Promise((told) => {
    const probe = net.createServer();
    probe.once("error", () => told(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => told(true)));
  });

const people = { ann: ["Ann Archer", "ann@example.com"], ben: ["Ben Okafor", "ben@example.com"], chi: ["Chiara Rossi", "chiara@example.com"] };
const as = (server, who) => {
  const [name, email] = people[who];
  Object.assign(server.env, { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email });
};

async function seed(server) {
  const ends = (stack, stage, change, what) => server.run("wait", stack, stage, "--change", String(change), "--for", what, "--timeout", "2m");
  as(server, "ann");
  const shop = await server.app("shop", build(1), { message: "Sort by name" });
  await server.run("stage", "add", "shop", "test");
  await server.run("stage", "add", "shop", "prod", "--approval", "--instances", "2");
  await server.push(shop);
  await ends("shop", "prod", 1, "approval");
  await server.run("approve", "shop", "prod", "--change", "1", "-m", "First release");
  await ends("shop", "prod", 1, "success");
  as(server, "ben");
  await server.commit(shop, { "cart.txt": "rounded once\n" }, "Round prices once, at the end");
  await ends("shop", "prod", 2, "approval");
  await server.run("env", "set", "shop", "prod", "CURRENCY=EUR");
  as(server, "chi");
  await server.commit(shop, { "tax.txt": "20 %\n10 %\n", version: "2\n" }, "Show prices with tax\n\nAsked for by the shop in Vienna: every price is shown with the tax of its country.");
  await ends("shop", "prod", 3, "approval");

  as(server, "ann");
  const blog = await server.app("blog", APP, { message: "Larger type for headings" });
  await server.push(blog);
  const mail = await server.app("mail", APP, { message: "Send receipts in the language of the reader" });
  await server.run("stage", "add", "mail", "prod");
  as(server, "ben");
  await server.push(mail);
  const checkout = await server.app("checkout", build(1), { message: "Pay by invoice" });
  await server.run("stage", "add", "checkout", "prod", "--approval");
  await server.push(checkout);
  await ends("checkout", "prod", 1, "approval");
  await server.run("approve", "checkout", "prod", "--change", "1");
  await ends("checkout", "prod", 1, "success");
  as(server, "ann");
  await server.commit(checkout, build(1, failing), "Take the tax from the country");
  await ends("checkout", "dev", 2, "end").catch(() => undefined);
  await ends("blog", "dev", 1, "success");
  await ends("mail", "prod", 1, "success");
  await server.run("stack", "create", "docs");
  const search = await server.app("search", build(1), { message: "Rank by what is in stock" });
  await server.run("stage", "add", "search", "prod");
  await server.push(search);
  await ends("search", "prod", 1, "success");
  as(server, "chi");
  await server.commit(search, build(600), "Find words that are spelled otherwise"); // still building when the pictures are taken
  return (await server.api("/stacks/checkout/deployments?stage=dev&limit=1")).items[0].id;
}

function measured(file) {
  const { size } = fs.statSync(file);
  if (size > kMost) throw new Error(`${path.relative(root, file)} has ${size} bytes; at most ${kMost} are wanted`);
  console.log(`${path.relative(root, file)}   ${Math.round(size / 1000)} KB`);
}

const usual = (await free(7420)) && (await free(8080));
const server = await Server.start(path.resolve(options.sluice), usual ? { listen: "127.0.0.1:7420", gateway: "127.0.0.1:8080" } : {});
const browser = await launch();
try {
  const failed = await seed(server);
  fs.mkdirSync(folder, { recursive: true });
  const pictures = [
    { name: "stacks", target: "/", height: 580 },
    { name: "pipeline", target: "/stacks/shop", height: 470 },
    { name: "pipeline-dark", target: "/stacks/shop", height: 470, scheme: "dark" },
    { name: "approval", target: "/stacks/shop/stages/prod/approval", height: 960 },
    { name: "failed", target: `/stacks/checkout/deployments/${failed}`, height: 740 },
    { name: "phone", target: "/stacks/shop", height: 1130, size: "phone" },
  ];
  for (const { name, target, height, size = "desktop", scheme = "light" } of pictures) {
    const tab = await Tab.open(browser, server.url, { token: server.token, size, scheme });
    await tab.page.setViewportSize({ width: size === "phone" ? 390 : 1440, height });
    await tab.page.clock.setFixedTime(Date.now() + kLater);
    await tab.go(target);
    await until("the events have come", 15, () => tab.page.getByRole("status").filter({ hasText: "live" }).first().isVisible());
    await tab.settled();
    const file = path.join(folder, `${name}.png`);
    await tab.page.screenshot({ path: file });
    tab.clean();
    await tab.close();
    measured(file);
  }
} finally {
  await browser.close();
  await server.close();
}
