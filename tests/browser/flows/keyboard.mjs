import assert from "node:assert/strict";
import fs from "node:fs";
import { Hold } from "../lib/hold.mjs";
import { stageIs, waits } from "../lib/pipeline.mjs";
import { holds } from "../lib/until.mjs";

/** The dashboard for who never leaves the keyboard; and the pages where one reads, searches and sets. */
export default async function ({ test, must, open, server, until }) {
  const hold = await Hold.open();
  hold.release();
  const folder = await server.app("keys", {
    "start.sh": `#!/bin/sh\n${hold.line("dev")}\necho "level is $LEVEL"\nmkdir -p /tmp/www\ncp version /tmp/www/index.html\nexec busybox httpd -f -p "$HOST:$PORT" -h /tmp/www\n`,
    "sluice.toml": '[build]\ncommand = "for part in one two three; do echo compiling $part; done"\n',
    version: "1\n",
  });
  await server.run("stage", "add", "keys", "prod", "--approval");
  await server.push(folder);
  await server.run("wait", "keys", "prod", "--change", "1", "--for", "approval", "--timeout", "1m");

  const tab = await open();
  tab.expect(/status of 404.*\/prod\/approval$/);
  const { page } = tab;
  const { keyboard } = page;
  const title = (name) => page.getByRole("heading", { name, exact: true, level: 1 });
  const type = async (...keys) => {
    for (const key of keys) await keyboard.press(key);
  };
  /** Goes on by Tab until this has the focus, as a person does who looks where it is. */
  const tabTo = async (locator, most = 60) => {
    await locator.waitFor();
    for (let times = 0; times < most; times++) {
      if (await locator.evaluate((element) => element === document.activeElement)) return;
      await keyboard.press("Tab");
    }
    assert.fail(`${locator} is not reached by Tab`);
  };

  /** The two keys belong together for a second only, which a busy machine may miss: then they are pressed again. */
  const leads = (key, name) =>
    until(`g ${key} leads to ${name}`, 15, async () => {
      await type("g", key);
      return title(name)
        .waitFor({ timeout: 3000 })
        .then(() => true, () => false);
    });

  await must("the palette: Ctrl K, a few letters, Enter", async () => {
    await tab.go("/activity");
    await type("Control+k");
    await page.getByRole("dialog").waitFor();
    await keyboard.type("keys prod sett");
    await page.getByRole("dialog").getByText("keys prod: settings").waitFor();
    await tab.shot("keyboard-palette");
    await type("Enter");
    await page.waitForURL("**/stacks/keys/settings/prod/details");
    await type("Meta+k");
    await page.getByRole("dialog").waitFor();
    await type("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  await test("g and a letter lead on, n makes, ? tells all of it", async () => {
    for (const [key, name] of [["s", "Stacks"], ["a", "Approvals"], ["v", "Activity"]]) {
      await leads(key, name);
    }
    await tab.go("/stacks/keys/changes/1");
    for (const [key, name] of [["h", "History"], ["i", "Insights"], ["e", "Settings"], ["c", "Activity"], ["p", "keys"]]) {
      await leads(key, name);
    }
    await type("?");
    const help = page.getByRole("dialog", { name: "Keyboard" });
    await help.getByText("keys: Insights").waitFor();
    await tab.shot("keyboard-help");
    await type("Escape");
    await help.waitFor({ state: "detached" });
    await type("n");
    await page.getByRole("dialog", { name: "New stage" }).waitFor();
    await keyboard.type("gs?n"); // text, no shortcuts
    await holds(async () => assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "gs?n"));
    await type("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  await must("a change is approved by keyboard alone", async () => {
    await leads("a", "Approvals");
    await tabTo(page.getByRole("main").getByRole("link", { name: /^keys prod/ }));
    await type("Enter");
    await title("#1 for prod").waitFor();
    await tabTo(page.getByLabel("Comment"));
    await keyboard.type("Without a mouse");
    await tabTo(page.getByRole("button", { name: "Approve #1" }));
    await type("Enter");
    const news = page.getByRole("status", { name: "#1 is approved and goes to prod" });
    await news.waitFor();
    await holds(async () => assert.ok(await news.evaluate((element) => element === document.activeElement), "the news has not the focus"));
    await type("Tab", "Enter"); // follow the deployment
    await title("#1 to prod").waitFor();
    await page.getByText("succeeded", { exact: true }).first().waitFor();
    await leads("p", "keys");
    await stageIs(tab, "prod", "live", "#1 Say hello");
  });

  const saved = (text) => page.getByRole("status").filter({ hasText: text });
  await must("variables: added, a secret as a chip, and saving says what it deploys", async () => {
    await tab.go("/stacks/keys/settings/prod/runtime");
    const add = page.getByRole("group", { name: "Add a variable" });
    await add.getByLabel("Name").fill("LEVEL");
    await add.getByLabel("Value").fill("high");
    await type("Enter");
    await add.getByLabel("Name").fill("PASSWORD");
    await add.getByText("Secret", { exact: true }).click();
    await add.getByLabel("Value").fill("swordfish");
    await type("Enter");
    await page.getByRole("row", { name: /PASSWORD/ }).getByText("secret, new value").waitFor();
    await page.getByText("prod runs #1: saving deploys it again at once, without asking for approval.").waitFor();
    await tab.shot("keyboard-variables");
    await page.getByRole("button", { name: "Save" }).click();
    await saved("The deployment of #1 began.").waitFor();
    await page.getByRole("row", { name: /PASSWORD/ }).getByText("secret", { exact: true }).waitFor();
    assert.ok(!(await page.content()).includes("swordfish"));
    await saved("The deployment of #1 began.").getByRole("link").click();
    await page.getByText("a redeployment", { exact: true }).waitFor();
    await page.getByText("succeeded", { exact: true }).first().waitFor();
  });

  await test("variables: changed in place, and all at once as .env text", async () => {
    await tab.go("/stacks/keys/settings/dev/runtime");
    await page.getByRole("button", { name: "Edit as .env" }).click();
    const bulk = page.getByRole("dialog", { name: "Edit as .env text" });
    await bulk.getByLabel("Variables").fill("LEVEL=low\nno line of it");
    await bulk.getByRole("alert").getByText(/Line 2/).waitFor();
    await holds(async () => assert.ok(await bulk.getByRole("button", { name: "Take over" }).isDisabled()));
    await bulk.getByLabel("Variables").fill('LEVEL=low\nGREETING="hello there"\n');
    await tab.shot("keyboard-bulk");
    await bulk.getByRole("button", { name: "Take over" }).click();
    await page.getByRole("button", { name: "Change LEVEL" }).click();
    await page.getByLabel("Value of LEVEL").fill("middle");
    await page.getByRole("button", { name: "Save" }).click();
    await saved("The deployment of #1 began.").waitFor();
    const { variables } = await server.api("/stacks/keys/stages/dev/variables/runtime").then((got) => ({ variables: got.variables ?? got }));
    assert.equal(variables.LEVEL.value, "middle");
    assert.equal(variables.GREETING.value, "hello there");
  });

  await test("variables: compared with another stage's, and copied, secrets unseen", async () => {
    await page.getByRole("button", { name: "Compare and copy" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("row", { name: /^LEVEL middle high differs/ }).waitFor();
    await dialog.getByRole("row", { name: /^PASSWORD — secret only there/ }).waitFor();
    await dialog.getByRole("row", { name: /^GREETING hello there — only here/ }).waitFor();
    await tab.shot("keyboard-compare");
    await dialog.getByRole("button", { name: "Copy 2 variables here" }).click();
    await page.getByRole("row", { name: /PASSWORD/ }).getByText("secret", { exact: true }).waitFor();
    await page.getByRole("row", { name: /^LEVEL high/ }).waitFor();
    await until("dev is idle", 15, async () => !(await server.api("/stacks/keys/stages/dev")).active);
  });

  await must("a running deployment: followed, searched, cancelled; dev goes on", async () => {
    hold.shut();
    await server.commit(folder, { version: "2\n" }, "Second");
    await until("it starts", 15, () => hold.waiting.size > 0);
    await tab.go("/stacks/keys");
    await page.getByRole("link", { name: "Live log" }).click();
    await title("#2 to dev").waitFor();
    const log = page.getByRole("region", { name: "the log of all steps" });
    await log.getByText("compiling three").waitFor();
    await log.getByRole("button", { name: "Follow", pressed: true }).waitFor();
    await type("/");
    await keyboard.type("compiling");
    await log.getByRole("status").filter({ hasText: /^4$/ }).waitFor();
    await type("Enter");
    await log.getByText("1 of 4").waitFor();
    await log.getByRole("button", { name: "Follow", pressed: false }).waitFor();
    await tab.settled();
    await tab.shot("keyboard-running");
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Cancel the deployment of #2 to dev?" });
    await dialog.getByText("dev goes on serving #1.").waitFor();
    await dialog.getByRole("button", { name: "Cancel it" }).click();
    await dialog.waitFor({ state: "detached" }); // it was accepted; what the app does from now on is all the same
    hold.release();
    await page.getByText("cancelled", { exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Retry" }).waitFor();
    assert.equal(await server.answer("keys", "dev"), "1\n");
  });

  await test("a log is downloaded whole", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the log" }).click()]);
    assert.equal(download.suggestedFilename(), "keys-dev-2-all.log");
    assert.match(fs.readFileSync(await download.path(), "utf8"), /compiling one\n(.*\n)*.*compiling three/);
  });

  await test("the logs of a stage: what the app says, and who asked it", async () => {
    await tab.go("/stacks/keys/stages/prod/logs");
    await page.getByText("level is high").first().waitFor();
    await page.getByText("Access", { exact: true }).click();
    await server.answer("keys", "prod");
    await page.getByText(/GET/).first().waitFor();
    await tab.settled();
    await tab.shot("keyboard-access");
  });

  await test("history, a change and its way, activity by filter, figures", async () => {
    await tab.go("/stacks/keys/history");
    await page.getByRole("link", { name: "Second" }).click();
    await title("#2 Second").waitFor();
    await page.getByRole("region", { name: "Its way" }).getByText("cancelled", { exact: true }).waitFor();
    await page.getByRole("link", { name: "The change before, #1" }).click();
    await page.getByRole("region", { name: "Its way" }).getByText("“Without a mouse”").waitFor();
    await tab.go("/stacks/keys/activity?kind=approval");
    await page.getByRole("main").getByRole("listitem").first().waitFor();
    const shown = await page.getByRole("main").getByRole("listitem").allInnerTexts();
    assert.ok(shown.length >= 2 && shown.every((line) => /approv/i.test(line)), shown.join("\n"));
    await tab.go("/stacks/keys/insights");
    await page.getByText("Lead time").first().waitFor();
  });

  await test("a token is made, shown once, works, and is revoked", async () => {
    await tab.go("/tokens");
    await page.getByRole("button", { name: "New token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("robot");
    await dialog.getByRole("button", { name: "Make token" }).click();
    const text = await dialog.locator("pre").innerText();
    const ask = () => fetch(`${server.url}/api/v1/me`, { headers: { Authorization: `Bearer ${text.trim()}` } });
    assert.equal((await ask()).status, 200);
    await dialog.getByRole("button", { name: /Done|Close/ }).click();
    await page.getByRole("button", { name: "Revoke robot" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke robot" }).waitFor({ state: "detached" });
    assert.equal((await ask()).status, 401);
    assert.ok(!(await page.content()).includes(text.trim()));
  });
  hold.close();
}
