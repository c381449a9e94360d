import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { Hold } from "../lib/hold.mjs";
import { choose, flip, newStage, order, stageIs, tile, typeDelete, waits } from "../lib/pipeline.mjs";
import { BROKEN } from "../lib/server.mjs";

const execute = promisify(execFile);
const start = (hold) =>
  `#!/bin/sh\n${hold.line("canary")}\nmkdir -p /tmp/www\ncp version /tmp/www/index.html\nexec busybox httpd -f -p "$HOST:$PORT" -h /tmp/www\n`;

/** A release from nothing to nothing: all in the browser, but what Git does. */
export default async function ({ must, open, server, until }) {
  const hold = await Hold.open();
  const tab = await open({ token: undefined });
  tab.expect(/status of 401/);
  tab.expect(/status of 404.*\/prod\/approval$/); // asked once more after the decision: nothing waits there now
  const { page } = tab;
  const heading = (name, level = 1) => page.getByRole("heading", { name, exact: true, level });
  const folder = path.join(server.home, "work-story");
  const pipeline = () => page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "story", exact: true }).click();
  const serves = (stage, text) => until(`${stage} answers ${text}`, 15, async () => (await server.answer("story", stage)) === `${text}\n`);
  let commands;

  // As a person types it, in a shell that finds sluice.
  const shell = (...lines) =>
    execute("bash", ["-e", "-c", lines.join("\n")], { cwd: folder, env: { ...server.env, PATH: `${server.home}:${process.env.PATH}` } });
  const commit = async (version, message, files = {}) => {
    server.write(folder, { "start.sh": start(hold), version: `${version}\n`, ...files });
    await server.git(folder, "add", "-A");
    await server.git(folder, "commit", "-q", "-m", message);
  };
  const push = async (...about) => {
    await commit(...about);
    await shell(commands.at(-1));
  };

  await must("somebody signs in and makes a stack", async () => {
    await page.goto("/");
    await page.getByLabel("Code or token").fill(server.token);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "New stack" }).click();
    const form = page.getByRole("dialog", { name: "New stack" });
    await form.getByLabel("Name").fill("Story");
    await form.getByRole("button", { name: "Create stack" }).click();
    await form.getByText("Only lower-case letters.").waitFor();
    await form.getByLabel("Name").fill("story");
    await tab.shot("story-new-stack");
    await form.getByRole("button", { name: "Create stack" }).click();
    const made = page.getByRole("dialog", { name: "story is made" });
    commands = (await made.getByLabel("Commands", { exact: true }).innerText()).split("\n");
    assert.deepEqual(commands, [
      `git config credential.${server.url}.helper '!sluice git-credential'`,
      `git remote add sluice ${server.url}/git/story.git`,
      "git push sluice main",
    ]);
    await tab.shot("story-how-to-push");
    await made.getByRole("link", { name: "Open story" }).click();
    await heading("story").waitFor();
    await stageIs(tab, "dev", "empty", "Waits for the first push.");
    await page.getByRole("region", { name: "Code" }).getByText("Nothing pushed yet").waitFor();
    await page.evaluate(() => (window.neverReloaded = true));
  });

  await must("the commands that it shows push, and dev is live without a reload", async () => {
    fs.mkdirSync(folder);
    await server.git(folder, "init", "-q", "-b", "main");
    await commit(1, "Say hello");
    await shell(...commands);
    await stageIs(tab, "dev", "live", "#1 Say hello");
    assert.equal(await server.answer("story", "dev"), "1\n");
    await page.getByRole("region", { name: "Code" }).getByText("Ann Archer").waitFor();
  });

  await must("a new prod with approval deploys at once, without asking (5.1)", async () => {
    await page.getByRole("button", { name: "Add stage", exact: true }).click();
    const form = await newStage(tab, { name: "prod", approval: true });
    assert.match(form.says, /prod deploys change #1 at once, without approval: it is what dev runs now\.\s+Later changes ask first\./);
    await tab.shot("story-new-stage");
    await form.create();
    await stageIs(tab, "prod", "live", "#1 Say hello");
    await serves("prod", 1);
    assert.deepEqual(await order(tab), ["dev", "prod"]);
  });

  await must("a second push goes to dev and waits for prod", async () => {
    await push(2, "Show prices with tax\n\nAsked for by the shop in Vienna.");
    await stageIs(tab, "dev", "live", "#2 Show prices with tax");
    await waits(tab, 2, "prod").waitFor();
    await stageIs(tab, "prod", "live", "#1 Say hello", "1 change behind");
    assert.equal(await server.answer("story", "dev"), "2\n");
    assert.equal(await server.answer("story", "prod"), "1\n");
    await tab.shot("story-waits");
  });

  await must("who approves sees what ships; then prod runs it", async () => {
    await waits(tab, 2, "prod").click();
    await heading("#2 for prod").waitFor();
    const section = (name) => page.getByRole("region", { name });
    await section("1 commit would ship").getByText("Show prices with tax").waitFor();
    await section("1 file changed").getByText("version", { exact: true }).waitFor();
    await section("No setting differs").waitFor();
    await page.getByText("Forward: 1 commit would ship, and none goes away.").waitFor();
    await section("In the stages before").getByText("serves it now").waitFor();
    await page.getByText("Approving deploys #2 to prod at once.").waitFor();
    await page.getByLabel("Comment").fill("Vienna has seen it");
    await tab.settled();
    await tab.shot("story-approval");
    await page.getByRole("button", { name: "Approve #2" }).click();
    await page.getByText("#2 is approved and goes to prod").waitFor();
    await page.getByRole("link", { name: "Follow the deployment" }).click();
    await heading("#2 to prod").waitFor();
    await page.getByText("succeeded", { exact: true }).first().waitFor();
    assert.equal(await server.answer("story", "prod"), "2\n");
    await page.getByRole("main").getByRole("link", { name: "#2", exact: true }).click();
    await page.getByText("“Vienna has seen it”").waitFor();
    await pipeline();
    await stageIs(tab, "prod", "live", "#2 Show prices with tax");
  });

  await must("a canary put before a pending approval deploys at once, and meanwhile the approval works (5.2)", async () => {
    await push(3, "Count the visitors");
    await waits(tab, 3, "prod").waitFor();
    await page.getByRole("button", { name: "Add a stage between dev and prod" }).click();
    const form = await newStage(tab, { name: "canary" });
    assert.match(form.says, /canary deploys change #3 at once/);
    assert.match(form.says, /Change #3, which waits at prod, can be approved as before\./);
    await form.create();
    await until("canary starts", 15, () => hold.waiting.size > 0);
    await stageIs(tab, "canary", "deploying", "#3 Count the visitors", "starting");
    assert.deepEqual(await order(tab), ["dev", "canary", "prod"]);
    await tab.shot("story-canary");
    await waits(tab, 3, "prod").click();
    await heading("#3 for prod").waitFor();
    await page.getByRole("button", { name: "Approve #3" }).click();
    await page.getByText("#3 is approved and goes to prod").waitFor();
    await page.getByRole("link", { name: "To the pipeline" }).click();
    await stageIs(tab, "prod", "live", "#3 Count the visitors");
    await serves("prod", 3);
    await stageIs(tab, "canary", "deploying");
    hold.release();
    await stageIs(tab, "canary", "live", "#3 Count the visitors");
    assert.equal(await server.answer("story", "canary"), "3\n");
  });

  const settings = async (stage) => {
    await choose(tab, stage, "Settings");
    await heading(`${stage}: Stage details`, 2).waitFor();
  };
  const gate = async (to, says) => {
    await settings("prod");
    await flip(page, "Require manual approval", to === "approval");
    await page.getByText(says).waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("region", { name: "Gate" }).getByRole("status").filter({ hasText: /\S/ }).first().waitFor();
    await page.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
    await tab.shot(`story-gate-${to}`);
    await pipeline();
    await page
      .getByRole("listitem")
      .filter({ has: page.getByRole("button", { name: "Add a stage between canary and prod" }) })
      .filter({ has: page.getByText(to, { exact: true }) })
      .waitFor();
  };

  await must("prod from manual to automatic: what waits still waits, what comes later does not (4.7)", async () => {
    await push(4, "Sort the list");
    await waits(tab, 4, "prod").waitFor();
    await gate("automatic", "Later changes deploy at once. #4, which waits, still waits for a decision.");
    await waits(tab, 4, "prod").waitFor();
    await stageIs(tab, "prod", "live", "#3 Count the visitors");
    await push(5, "Sort it faster");
    await stageIs(tab, "prod", "live", "#5 Sort it faster");
    await waits(tab, 4, "prod").waitFor({ state: "detached" });
    await serves("prod", 5);
  });

  await must("and back to manual: what runs, runs on, and the next asks (4.6)", async () => {
    await gate("approval", "From now on changes wait here for a decision. #5 keeps running.");
    await push(6, "Greet by name");
    await waits(tab, 6, "prod").waitFor();
    await stageIs(tab, "prod", "live", "#5 Sort it faster");
  });

  await must("a failing push stops in dev, says why, and dev goes on serving", async () => {
    await push(7, "Read a flag", BROKEN);
    await stageIs(tab, "dev", "failed", "#6 Greet by name");
    await tab.shot("story-failed");
    await tile(tab, "dev").getByRole("link", { name: "#7 failed" }).click();
    await heading("#7 to dev").waitFor();
    const why = page.getByRole("status", { name: "Failed while starting" });
    await why.getByText("The app exited 3 times while starting, the last time with status 3.", { exact: true }).waitFor();
    await why.getByLabel("The last lines of its output").getByText("the flag FOO is missing").waitFor();
    await tab.settled();
    await tab.shot("story-why");
    assert.equal(await server.answer("story", "dev"), "6\n");
    assert.equal(await server.answer("story", "canary"), "6\n");
  });

  await must("retry tries again, and says again why", async () => {
    const before = page.url();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Retry" }).click();
    await page.waitForURL((now) => now.href !== before);
    await page.getByText("a retry", { exact: true }).waitFor();
    await page.getByRole("status", { name: "Failed while starting" }).waitFor();
    await pipeline();
    await stageIs(tab, "dev", "failed");
    await waits(tab, 6, "prod").waitFor();
    assert.equal(await server.answer("story", "dev"), "6\n");
  });

  await must("a mended push is live, and is rolled back by a button", async () => {
    await push(8, "Do without the flag");
    await stageIs(tab, "dev", "live", "#8 Do without the flag");
    await waits(tab, 8, "prod").waitFor();
    await choose(tab, "dev", "Roll back");
    await tab.shot("story-rollback");
    await page.getByRole("dialog", { name: "Roll back dev" }).getByRole("button", { name: "Roll back to #6" }).click();
    await stageIs(tab, "dev", "live", "#6 Greet by name");
    await serves("dev", 6);
    assert.equal(await server.answer("story", "canary"), "8\n");
    await waits(tab, 8, "prod").waitFor();
  });

  await must("a stage is deleted by typing the word; the order closes and nothing is deployed", async () => {
    await settings("canary");
    await page.getByRole("button", { name: "Delete canary" }).click();
    await page.getByText("The next change that succeeds in dev goes on to prod. Nothing is deployed now.").waitFor();
    await typeDelete(tab, "Delete stage");
    await page.waitForURL("**/stacks/story");
    await tile(tab, "canary").waitFor({ state: "detached" });
    await waits(tab, 8, "prod").waitFor();
    await stageIs(tab, "prod", "live", "#5 Sort it faster");
    assert.deepEqual(await order(tab), ["dev", "prod"]);
    await page.getByText("canary is being deleted").last().waitFor();
    await tab.shot("story-deleted");
  });

  await must("so is the stack; all of it without one reload", async () => {
    await page.getByRole("navigation", { name: "Stack story" }).getByRole("link", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Delete story" }).click();
    await page.getByText("2 stages go with it: dev, prod.").waitFor();
    const { url } = await server.api("/stacks/story/stages/prod");
    tab.expect(/status of 404.*\/stacks\/story/); // it is asked for once more, to see what became of it
    await typeDelete(tab, "Delete stack");
    await page.waitForURL(`${server.url}/`);
    await page.getByRole("link", { name: "story", exact: true }).waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => window.neverReloaded), true);
    await until("prod no longer answers", 15, async () => (await server.fetch(url)) === "");
  });
  hold.close();
}
