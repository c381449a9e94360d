import assert from "node:assert/strict";
import { holds } from "../lib/until.mjs";

export const needs = "seed";

/** Edits that are not saved are not lost without a question. */
export default async function ({ test, open }) {
  const tab = await open();
  const { page } = tab;
  const place = "/stacks/shop/settings/dev/scale";
  const here = () => new URL(page.url()).pathname;
  const field = page.getByRole("textbox", { name: /instances/i }).first();
  const asked = page.getByRole("dialog", { name: "Leave without saving?" });
  const answer = (name) => asked.getByRole("button", { name }).click();
  const gone = () => asked.waitFor({ state: "hidden" });
  const edited = async () => {
    await tab.go("/stacks/shop/history");
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await page.getByRole("heading", { name: "Stack settings" }).waitFor();
    await page.getByRole("link", { name: "Scale", exact: true }).click(); // within the page: a new document would ask in the browser's words
    await page.getByRole("heading", { name: "dev: Scale" }).waitFor();
    await field.fill("3");
    await page.getByRole("button", { name: "Save", exact: true }).waitFor();
  };

  await test("the way back asks; staying keeps the edit, and it asks again", async () => {
    await edited();
    for (let round = 0; round < 3; round++) {
      await page.evaluate(() => history.back()); // at once after the edit: nothing may be late
      await asked.waitFor();
      assert.equal(here(), place);
      await answer("Stay");
      await gone();
      await holds(async () => assert.equal(await field.inputValue(), "3"));
    }
  });

  await test("a link asks; leaving leaves, and the way back is free again", async () => {
    await page.getByRole("link", { name: "Insights", exact: true }).click();
    await asked.waitFor();
    await answer("Leave");
    await page.getByRole("heading", { name: "Insights", level: 1 }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "dev: Scale" }).waitFor();
    await holds(async () => assert.equal(await field.inputValue(), "1"));
  });

  await test("leaving by the way back goes where it was asked to", async () => {
    await edited();
    await page.evaluate(() => history.back());
    await asked.waitFor();
    await answer("Leave");
    await page.waitForURL("**/stacks/shop/settings");
  });

  await test("an edit that was left on the same page is asked about again", async () => {
    await edited();
    await page.getByRole("link", { name: "Scale", exact: true }).click(); // to where one is
    await asked.waitFor();
    await answer("Leave");
    await gone();
    await holds(async () => assert.equal(await field.inputValue(), "3"));
    await page.getByRole("link", { name: "Insights", exact: true }).click();
    await asked.waitFor();
    await answer("Leave");
    await page.getByRole("heading", { name: "Insights", level: 1 }).waitFor();
  });
}
