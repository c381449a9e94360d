import assert from "node:assert/strict";
import { Tab } from "../lib/browser.mjs";
import { Server } from "../lib/server.mjs";

const refused = /status of 401/; // the browser's own word on an answer that is meant to be refused

/** Getting in, getting to where one wanted to go, getting out. */
export default async function ({ test, open, server, browser }) {
  const heading = (tab, name) => tab.page.getByRole("heading", { name });

  await test("the link of the first start signs in, once, and leaves no trace", async () => {
    // A server of its own: one that was started anew since has no such link any more.
    const fresh = await Server.start(server.program);
    try {
      const link = /http\S+\/sign-in#code=\S+/.exec(fresh.log())?.[0];
      assert.ok(link, "the server printed no link");
      const tab = await Tab.open(browser, fresh.url);
      tab.expect(refused);
      await tab.page.goto(link);
      await heading(tab, "Stacks").waitFor();
      assert.equal(tab.page.url(), `${fresh.url}/`);
      await tab.page.goBack().catch(() => undefined);
      assert.ok(!tab.page.url().includes("code"), "the code is still in the history");
      tab.clean();
      await tab.close();
      const again = await Tab.open(browser, fresh.url);
      again.expect(refused);
      await again.page.goto(link);
      await again.page.getByText("neither a token nor the sign-in code").waitFor();
      assert.equal(again.page.url(), `${fresh.url}/sign-in`);
      again.clean();
      await again.close();
    } finally {
      await fresh.close();
    }
  });

  const tab = await open({ token: undefined });
  tab.expect(refused);

  await test("nothing and a wrong code are refused in words", async () => {
    await tab.page.goto("/stacks/nowhere/history");
    await heading(tab, "Sign in to Sluice").waitFor();
    assert.equal(tab.page.url(), `${server.url}/sign-in`);
    await tab.page.getByRole("button", { name: "Sign in" }).click();
    await tab.page.getByText("Type the code or a token.").waitFor();
    await tab.page.getByLabel("Code or token").fill("ABCD-EFGH-JKLM-NPQR");
    await tab.page.keyboard.press("Enter");
    await tab.page.getByText("neither a token nor the sign-in code").waitFor();
  });

  await test("a token leads to the address that was asked for", async () => {
    tab.expect(/status of 404/);
    await tab.page.getByLabel("Code or token").fill(server.token);
    await tab.page.keyboard.press("Enter");
    await tab.page.waitForURL("**/stacks/nowhere/history");
    await tab.page.getByRole("navigation", { name: "Main" }).waitFor();
    await tab.page.getByText("live", { exact: true }).first().waitFor();
  });

  await test("the session is kept from scripts", async () => {
    const [cookie] = await tab.context.cookies();
    assert.equal(cookie.httpOnly, true);
    assert.equal(cookie.sameSite, "Strict");
    assert.equal(await tab.page.evaluate(() => document.cookie), "");
    assert.ok(!JSON.stringify(await tab.context.storageState()).includes(server.token));
  });

  await test("signing out ends it, here and on the server", async () => {
    const before = await tab.context.cookies();
    await tab.page.getByRole("button", { name: /^Account/ }).click();
    await tab.page.getByRole("menuitem", { name: "Sign out" }).click();
    await heading(tab, "Sign in to Sluice").waitFor();
    await tab.page.goto("/activity");
    await heading(tab, "Sign in to Sluice").waitFor();
    const stolen = await fetch(`${server.url}/api/v1/me`, { headers: { Cookie: `${before[0].name}=${before[0].value}` } });
    assert.equal(stolen.status, 401);
  });
}
