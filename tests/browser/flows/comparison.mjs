import assert from "node:assert/strict";
import { holds } from "../lib/until.mjs";

export const needs = "seed";

/** From a deployment to what differs from another one of its stage. */
export default async function ({ test, open, server, seeded }) {
  const tab = await open();
  const { page } = tab;
  const chosen = page.getByLabel("Compare with", { exact: true }).first();

  await test("a deployment is compared with what ran before it", async () => {
    await tab.go(`/stacks/shop/deployments/${seeded.deployment}`);
    await page.getByRole("link", { name: "Compare" }).click();
    await page.getByRole("heading", { name: "#2 to dev, compared" }).waitFor();
    await page.getByText("Forward: 1 commit came, and none went away.").waitFor();
    await page.getByRole("heading", { name: "1 file changed" }).waitFor();
    await page.getByRole("heading", { name: "No setting differs" }).waitFor();
    await page.getByRole("row", { name: /^Artifact.*differs$/ }).waitFor();
    await page.getByRole("row", { name: /^building/ }).waitFor();
  });

  await test("another is chosen, and the address says which", async () => {
    const { items } = await server.api("/stacks/shop/deployments?stage=dev");
    const first = items[items.length - 1];
    await chosen.click();
    await page.getByRole("option", { name: /^#1/ }).last().click();
    await page.getByRole("heading", { name: "1 setting differs" }).waitFor(); // API_KEY came in between
    await page.getByText("API_KEY").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("with"), first.id);
    await page.reload();
    await page.getByText("API_KEY").waitFor();
    await holds(async () => assert.match(await chosen.inputValue(), /^#1 · succeeded/));
  });

  await test("the first of a stage has nothing to be compared with", async () => {
    const { items } = await server.api("/stacks/shop/deployments?stage=dev");
    await tab.go(`/stacks/shop/deployments/${items[items.length - 1].id}/comparison`);
    await page.getByRole("heading", { name: "Nothing to compare it with" }).waitFor();
  });
}
