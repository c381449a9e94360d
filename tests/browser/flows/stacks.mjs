import assert from "node:assert/strict";
import { holds } from "../lib/until.mjs";

export const needs = "seed";

/** From the list of stacks to one, by mouse and by keyboard. */
export default async function ({ test, open, server }) {
  const tab = await open();

  await test("the list shows every stack and leads to its pipeline", async () => {
    await tab.go("/");
    await tab.page.getByRole("heading", { name: "Stacks", level: 1 }).waitFor();
    for (const name of ["shop", "blog", "empty"]) await tab.page.getByRole("link", { name }).first().waitFor();
    await tab.page.getByRole("link", { name: "shop" }).first().click();
    await tab.page.waitForURL("**/stacks/shop");
    await tab.page.getByRole("heading", { name: "shop", level: 1 }).waitFor();
    for (const stage of ["dev", "test", "prod"]) await tab.page.getByRole("main").getByText(stage, { exact: true }).first().waitFor();
  });

  await test("the browser's own ways back and again work", async () => {
    await tab.page.goBack();
    await tab.page.getByRole("heading", { name: "Stacks", level: 1 }).waitFor();
    await tab.page.goForward();
    await tab.page.getByRole("heading", { name: "shop", level: 1 }).waitFor();
    await tab.page.reload();
    await tab.page.getByRole("heading", { name: "shop", level: 1 }).waitFor();
    assert.equal(tab.page.url(), `${server.url}/stacks/shop`);
  });

  await test("a keyboard's first stop is the way to the content", async () => {
    await tab.go("/");
    await tab.page.keyboard.press("Tab");
    await holds(async () => assert.equal(await tab.page.evaluate(() => document.activeElement?.textContent), "To the content"));
    await tab.page.keyboard.press("Enter");
    await holds(async () => assert.equal(await tab.page.evaluate(() => location.hash), "#content"));
  });

  await test("what another person does is on the screen without a reload", async () => {
    await tab.go("/");
    await server.run("stack", "create", "fresh");
    await tab.page.getByRole("link", { name: "fresh" }).first().waitFor();
    tab.expect(/status of 404.*\/stacks\/fresh$/); // it is asked for once more, to see what became of it
    await server.run("stack", "delete", "fresh", "--confirm", "delete");
    await tab.page.getByRole("link", { name: "fresh" }).first().waitFor({ state: "detached" });
  });
}
