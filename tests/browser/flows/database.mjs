import assert from "node:assert/strict";
import { holds } from "../lib/until.mjs";

/** A stage gets a database in its settings; it is backed up and brought back from there. */
export default async function ({ test, must, open, server }) {
  const shelf = await server.app("shelf");
  await server.push(shelf);
  await server.run("wait", "shelf", "dev", "--change", "1", "--timeout", "2m");
  const tab = await open();
  const { page } = tab;
  const say = (text) => page.getByText(text).first().waitFor();

  await must("New is chosen and saved, and the stage deploys again", async () => {
    await tab.go("/stacks/shelf/settings/dev/database");
    await page.getByRole("radio", { name: "New", exact: true }).check();
    await tab.shot("database-chosen");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await say(/The deployment of #1 began/);
    await say(/It is ready, \d/);
    await page.getByText("There is no backup yet.").waitFor();
  });

  await must("it is backed up", async () => {
    await page.getByRole("button", { name: "Back up now" }).click();
    await say(/It was backed up \(/);
    await page.getByRole("table", { name: "Backups" }).getByText("made by hand").waitFor();
    const violations = await tab.axe();
    assert.equal(violations.length, 0, violations.map((one) => one.text).join("\n"));
    await tab.shot("database-backups");
  });

  await test("a restore takes the typed word", async () => {
    await page.getByRole("button", { name: /^Restore / }).first().click();
    const dialog = page.getByRole("dialog", { name: "Restore a backup" });
    const go = dialog.getByRole("button", { name: "Replace" });
    await holds(async () => assert.ok(await go.isDisabled()));
    await dialog.getByLabel(/Type/).fill("replace");
    await tab.shot("database-restore");
    await go.click();
    await say(/A backup was restored \(/);
    await page.getByRole("table", { name: "Backups" }).getByText("before it was replaced").waitFor();
  });

  await test("an existing one that does not answer is refused at its field", async () => {
    tab.expect(/status of 400/);
    await page.getByRole("radio", { name: "Existing" }).check();
    await say("Say the URL of the existing database.");
    await page.getByLabel("URL", { exact: true }).fill("postgresql://nobody:swordfish@127.0.0.1:1/none");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await say(/the existing database cannot be used/);
    assert.ok(!(await page.innerText("body")).includes("swordfish"));
    await tab.shot("database-refused");
    await page.getByRole("button", { name: "Discard" }).click();
  });

  await test("New stage offers the three kinds", async () => {
    await tab.go("/stacks/shelf");
    await page.getByRole("button", { name: /New stage|Add a stage|Add stage/ }).first().click();
    const form = page.getByRole("dialog", { name: "New stage" });
    await form.getByRole("radio", { name: "Existing" }).check();
    await form.getByLabel("URL", { exact: true }).waitFor();
    await form.getByRole("radio", { name: "New", exact: true }).check();
    await form.getByLabel("Name").fill("prod");
    await tab.shot("database-new-stage");
    await form.getByRole("button", { name: "Create new stage" }).click();
    await form.waitFor({ state: "hidden" });
    await server.run("wait", "shelf", "prod", "--timeout", "2m");
    assert.equal((await server.api("/stacks/shelf/stages/prod")).database.kind, "new");
  });
}
