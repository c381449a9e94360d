import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { holds } from "../lib/until.mjs";

/** A stage is given domains of its own in its settings, and they their certificates. */
export default async function ({ test, must, open, server }) {
  const shop = await server.app("shop-of-names");
  await server.push(shop);
  await server.run("wait", "shop-of-names", "dev", "--change", "1", "--timeout", "2m");
  const made = (name) => path.join(server.home, `${name}.pem`);
  const make = (domain) =>
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-subj", "/CN=x", "-addext",
      `subjectAltName=DNS:${domain}`, "-keyout", made("key"), "-out", made("certificate")], { stdio: "ignore" });
  const tab = await open();
  const { page } = tab;
  const domains = page.getByRole("region", { name: "Domains" });
  const list = domains.getByRole("list", { name: "Domains" });
  const field = domains.getByLabel("New domain");
  const dialog = page.getByRole("dialog", { name: "A certificate for shop.example.org" });
  const clean = async () => {
    const violations = await tab.axe();
    assert.equal(violations.length, 0, violations.map((one) => one.text).join("\n"));
  };

  await must("a domain is checked as it is typed, and added by Enter", async () => {
    await tab.go("/stacks/shop-of-names/settings/dev/endpoint");
    await domains.getByText("There is none yet.").waitFor();
    await field.fill("https://shop.example.org");
    await domains.getByText(/The name alone/).waitFor();
    await field.fill("shop.example.org");
    await field.press("Enter");
    await list.getByText("shop.example.org", { exact: true }).waitFor();
    await domains.getByText("shop.example.org leads here now.").waitFor();
    await list.getByText("No certificate").waitFor();
    await holds(async () => assert.equal(await field.inputValue(), ""));
    const stage = JSON.parse(await server.run("stage", "show", "shop-of-names", "dev", "--json"));
    assert.deepEqual(stage.domains, ["shop.example.org"]);
    await clean();
  });

  await must("it is given its certificate from files", async () => {
    make("shop.example.org");
    await list.getByRole("button", { name: "Give certificate: shop.example.org" }).click();
    await dialog.getByRole("button", { name: "Use it" }).click();
    await holds(async () => assert.equal(await dialog.getByText("Paste it here, or choose its file.").count(), 2));
    await clean();
    for (const part of ["certificate", "key"]) {
      const chosen = page.waitForEvent("filechooser");
      await dialog.getByRole("button", { name: new RegExp(`the ${part === "key" ? "private key" : part}'s file`) }).click();
      await (await chosen).setFiles(made(part));
    }
    await dialog.getByLabel("Private key", { exact: true }).and(page.locator(":not(:placeholder-shown)")).waitFor();
    await tab.shot("domains-certificate");
    await dialog.getByRole("button", { name: "Use it" }).click();
    await list.getByText("Secure").waitFor();
    await domains.getByText("The certificate of shop.example.org is in force.").waitFor();
    assert.match(await server.run("certificate", "list", "shop-of-names", "dev"), /shop\.example\.org +20/);
    await clean();
    await tab.shot("domains");
  });

  await test("another domain's is refused at its field", async () => {
    tab.expect(/status of 400/);
    make("other.example.org");
    await list.getByRole("button", { name: "Replace certificate: shop.example.org" }).click();
    await dialog.getByLabel("Certificate", { exact: true }).fill(fs.readFileSync(made("certificate"), "utf8"));
    await dialog.getByLabel("Private key", { exact: true }).fill(fs.readFileSync(made("key"), "utf8"));
    await dialog.getByRole("button", { name: "Use it" }).click();
    await dialog.getByText("It is not of shop.example.org.").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  await test("what an authority came to is told in words", async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const items = [
      { domain: "shop.example.org", ends_at: new Date(Date.now() + 80 * 86_400_000).toISOString(), next_try_at: new Date(Date.now() + 50 * 86_400_000).toISOString() },
      { domain: "new.example.org", obtaining: true },
      { domain: "away.example.org", error: "the certificate authority refused away.example.org: no address was found; http://away.example.org must lead to this server's gateway, on port 80", next_try_at: soon },
    ];
    // It is asked again and again while one is being got, also when its page is closed.
    const answer = (route) => route.fulfill({ json: { items } }).catch(() => undefined);
    await page.route("**/certificates", answer);
    await tab.go("/stacks/shop-of-names/settings/dev/endpoint");
    await list.getByText("Being got", { exact: true }).waitFor();
    await list.getByText(/must lead to this server's gateway, on port 80\. Next try/).waitFor();
    await list.getByRole("button", { name: "Try now: away.example.org" }).waitFor();
    await clean();
    await tab.shot("domains-authority");
    for (const [name, how] of [["dark", { scheme: "dark" }], ["phone", { size: "phone" }], ["phone-dark", { scheme: "dark", size: "phone" }]]) {
      const other = await open(how);
      await other.page.route("**/certificates", answer);
      await other.go("/stacks/shop-of-names/settings/dev/endpoint");
      await other.page.getByText("Being got", { exact: true }).waitFor();
      const wide = await other.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${wide} px too wide`);
      assert.equal((await other.axe()).length, 0);
      await other.page.getByText("Being got", { exact: true }).scrollIntoViewIfNeeded();
      await other.shot(`domains-${name}`);
    }
  });
  await page.unroute("**/certificates");

  await test("its certificate is dropped, and it is removed", async () => {
    await tab.go("/stacks/shop-of-names/settings/dev/endpoint");
    await list.getByRole("button", { name: "Drop certificate: shop.example.org" }).click();
    await list.getByText("No certificate").waitFor();
    await list.getByRole("button", { name: "Remove: shop.example.org" }).click();
    await domains.getByText("There is none yet.").waitFor();
    await domains.getByText("shop.example.org does not lead here any more.").waitFor();
  });
}
