import assert from "node:assert/strict";
import { holds, until } from "../lib/until.mjs";

export const needs = "seed";

/** What a stage uses, drawn: from the first look at it to its cost. */
export default async function ({ test, open, server }) {
  const tab = await open({});
  const { page } = tab;
  const usable = async () => assert.deepEqual((await tab.axe()).map((one) => one.text), []);

  await test("a stage that ran nothing says what would be here", async () => {
    await tab.go("/stacks/empty/stages/dev/monitoring");
    await page.getByText("ran no instance and was asked for nothing").waitFor();
    await usable();
  });

  await test("charts of what a stage used, deployments on their time axis", async () => {
    for (let i = 0; i < 20; i++) await server.answer("shop", "dev");
    await until("requests are counted", 30, async () => (await server.api("/stacks/shop/stages/dev/usage?since=1h")).totals.requests >= 20);
    await tab.go("/stacks/shop/stages/dev/monitoring");
    await page.getByRole("region", { name: "In short" }).getByText("Instances now").waitFor();
    for (const name of ["Requests a minute", "Errors a minute", "Time until the answer began", "CPU, of one processor", "Memory", "Instances"])
      await page.getByRole("region", { name, exact: true }).getByRole("img").waitFor();
    const marks = page.getByRole("navigation", { name: "Deployments on the time axis" }).getByRole("link");
    await holds(async () => assert.ok((await marks.count()) >= 1));
    await holds(async () => assert.match(await marks.last().getAttribute("aria-label"), /^(#2 deployed|[23] deployments until .*, the last #2$)/));
    await usable();
    await tab.shot("monitoring-1h");
  });

  await test("the time that is looked at moves by the arrow keys, the table has every step", async () => {
    const charts = page.getByRole("group", { name: /^Charts/ });
    await charts.focus();
    await page.keyboard.press("ArrowLeft");
    await page.getByText("Values of the newest step").waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await page.getByText("Values of the newest step").waitFor();
    await page.getByText("As a table").click();
    await holds(async () => assert.ok((await page.getByRole("row").count()) > 1));
    await usable();
  });

  await test("a day and a month; a cost where there are prices", async () => {
    await server.run("prices", "--currency", "EUR", "--instance-hour", "0.5");
    await page.getByText("24 h", { exact: true }).click();
    await page.getByText("Requests, last 24 hours").waitFor();
    await page.getByText("30 d", { exact: true }).click();
    await page.getByText("Cost, last 30 days").waitFor();
    await usable();
    await tab.shot("monitoring-30d");
    await tab.go("/stacks/shop/settings/dev/scale");
    await page.getByText(/^1 instance: 720 instance hours a month, EUR 360.00, used or not\.$/).waitFor();
    await tab.shot("monitoring-scale");
    await server.run("prices", "--none");
  });

  await test("the tile of a stage leads there", async () => {
    await tab.go("/stacks/shop");
    await page.getByRole("region", { name: "Stage dev" }).getByRole("link", { name: /^Monitoring of dev/ }).click();
    await page.getByRole("heading", { name: "Monitoring of dev" }).waitFor();
  });
}
