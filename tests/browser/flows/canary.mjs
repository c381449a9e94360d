import assert from "node:assert/strict";
import { flip, newStage, order, stageIs, waits } from "../lib/pipeline.mjs";

/** The canary recipe (docs/canary.md) in the browser: a second region, a private canary there before a pending approval, then production. */
export default async function ({ test, must, open, server, until }) {
  const folder = await server.app("recipe");
  await server.run("stage", "add", "recipe", "prod", "--approval", "--instances", "2", "--endpoint", "load_balancer");
  await server.run("env", "set", "recipe", "prod", "GREETING=hello");
  await server.push(folder);
  await server.run("wait", "recipe", "prod", "--for", "approval", "--timeout", "2m");
  await server.run("approve", "recipe", "prod");
  await server.run("wait", "recipe", "prod", "--timeout", "2m");
  await server.commit(folder, { version: "2\n" }, "Greet by name");
  await server.run("wait", "recipe", "prod", "--for", "approval", "--timeout", "2m");
  const tab = await open();
  tab.expect(/status of 404.*\/prod\/approval$/); // asked once more after the decision: nothing waits there now
  const { page } = tab;
  const row = (name) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });

  await must("a region is added", async () => {
    await tab.go("/regions");
    await row("local").getByText("up", { exact: true }).waitFor();
    await page.getByRole("button", { name: "New region" }).click();
    const form = page.getByRole("dialog", { name: "New region" });
    await form.getByLabel("Name").fill("US West");
    await form.getByText("Only lower-case letters.").waitFor();
    await form.getByLabel("Name").fill("us-west-2");
    await form.getByLabel("Gateway").fill("somewhere");
    tab.expect(/status of 400/);
    await form.getByRole("button", { name: "Add region" }).click();
    await form.getByText(/must be an IPv4 address of this machine and a port/).waitFor();
    await tab.shot("canary-region-refused");
    await form.getByLabel("Gateway").fill("");
    await form.getByRole("button", { name: "Add region" }).click();
    await row("us-west-2").getByText("up", { exact: true }).waitFor();
    await tab.shot("canary-regions");
    const violations = await tab.axe();
    assert.equal(violations.length, 0, violations.map((one) => one.text).join("\n"));
  });

  await must("a private canary in it is put before prod, while a change waits there (5.2)", async () => {
    await tab.go("/stacks/recipe");
    await waits(tab, 2, "prod").waitFor();
    await page.getByRole("button", { name: "Add a stage between dev and prod" }).click();
    const dialog = page.getByRole("dialog", { name: "New stage" });
    const form = await newStage(tab, { name: "canary" });
    await flip(dialog, "Private", true);
    for (const [label, choice] of [["Region", "us-west-2"], ["Copy variables from", "prod"]]) {
      await dialog.getByRole("textbox", { name: label }).click();
      await page.getByRole("option", { name: choice, exact: true }).click();
    }
    await tab.shot("canary-new-stage");
    assert.match(form.says, /canary deploys change #2 at once/);
    await form.create();
    await stageIs(tab, "canary", "live", "#2 Greet by name", "us-west-2");
    assert.deepEqual(await order(tab), ["dev", "canary", "prod"]);
    await stageIs(tab, "prod", "live", "#1 Say hello");
    await waits(tab, 2, "prod").waitFor();
    await tab.shot("canary-live");
  });

  await must("a key opens it, and it has what prod has", async () => {
    const stage = await server.api("/stacks/recipe/stages/canary");
    const prod = await server.api("/stacks/recipe/stages/prod");
    assert.notEqual(new URL(stage.url).port, new URL(prod.url).port);
    assert.equal(await server.answer("recipe", "canary"), ""); // 401
    const { key } = await server.api("/stacks/recipe/stages/canary/keys", { method: "POST", body: JSON.stringify({ name: "tester" }) });
    assert.equal(await server.fetch(stage.url, { "X-Api-Key": key }), "2\n");
    const variables = await server.api("/stacks/recipe/stages/canary/variables/runtime");
    assert.equal(JSON.stringify(variables).includes("GREETING"), true);
  });

  await must("then prod is approved, and runs it", async () => {
    await waits(tab, 2, "prod").click();
    await page.getByRole("region", { name: "In the stages before" }).getByText("serves it now").first().waitFor();
    await page.getByLabel("Comment").fill("well in the canary");
    await page.getByRole("button", { name: "Approve #2" }).click();
    await page.getByText("#2 is approved and goes to prod").waitFor();
    await tab.go("/stacks/recipe");
    await stageIs(tab, "prod", "live", "#2 Greet by name");
    assert.equal(await server.answer("recipe", "prod"), "2\n");
  });

  await test("a region in use cannot be removed; an empty one can", async () => {
    await tab.go("/regions");
    await row("us-west-2").waitFor();
    assert.equal(await row("us-west-2").getByRole("button", { name: "Remove us-west-2" }).count(), 0);
    await server.run("stage", "delete", "recipe", "canary", "--confirm", "delete");
    const stages = async () => (await server.api("/regions")).items.find((one) => one.name === "us-west-2").stages;
    await until("canary is deleted", 20, async () => (await stages()) === 0);
    await tab.go("/regions");
    await row("us-west-2").getByRole("button", { name: "Remove us-west-2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await row("us-west-2").waitFor({ state: "detached" });
  });
}
