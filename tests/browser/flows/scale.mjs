import assert from "node:assert/strict";

export const needs = "seed";

/** How many instances a stage runs and what each may use (R7.2, R7.5), where its server can hold them to it and where not. */
export default async function ({ test, open, server }) {
  const tab = await open({});
  const { page } = tab;
  const usable = async () => assert.deepEqual((await tab.axe()).map((one) => one.text), []);
  const held = (await server.api("/doctor")).items.find((one) => one.id === "limits").severity === "ok";

  await test("memory and processor of each instance are set with what saving deploys said before", async () => {
    await tab.go("/stacks/shop/settings/dev/scale");
    await page.getByLabel("Memory").fill("10");
    await page.getByText("Memory: 16 MB at least, or 0.").waitFor();
    await page.getByLabel("Memory").fill("512");
    await page.getByLabel("Processor").fill("1.5");
    await page.getByText(/saving deploys it again at once/).waitFor();
    await usable();
    await tab.shot("scale-resources");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    if (!held) {
      await page.getByText(/cannot be held/).first().waitFor();
      await usable();
      return;
    }
    await page.getByText(/The deployment of #\d+ began/).waitFor();
    const { resources } = await server.api("/stacks/shop/stages/dev");
    assert.deepEqual(resources, { memory: 512 * 1024 * 1024, cpu: 1500 });
    await page.getByLabel("Memory").fill("0");
    await page.getByLabel("Processor").fill("0");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved").first().waitFor();
    await server.run("wait", "shop", "dev", "--timeout", "1m");
    assert.equal((await server.api("/stacks/shop/stages/dev")).resources, undefined);
  });
}
