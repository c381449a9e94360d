import assert from "node:assert/strict";
import { Hold } from "../lib/hold.mjs";
import { choose, flip, stageIs, tile, waits } from "../lib/pipeline.mjs";
import { holds } from "../lib/until.mjs";

const kLines = 10_000;

/** What goes wrong in a house: servers, sessions, networks, two people at once, people who may not, much of everything. */
export default async function ({ test, must, open, server, until }) {
  const hold = await Hold.open();
  const folder = await server.app("frail", {
    "start.sh": `#!/bin/sh\n${hold.line("dev")}\nmkdir -p /tmp/www\ncp version /tmp/www/index.html\nexec busybox httpd -f -p "$HOST:$PORT" -h /tmp/www\n`,
    "sluice.toml": `[build]\ncommand = "seq -f 'compiling file %.0f' ${kLines}"\n`,
    version: "1\n",
  });
  hold.release();
  await server.run("stage", "add", "frail", "prod", "--approval");
  await server.push(folder);
  await server.run("wait", "frail", "prod", "--change", "1", "--for", "approval", "--timeout", "1m");
  await server.run("approve", "frail", "prod", "--change", "1");
  await server.run("wait", "frail", "prod", "--change", "1", "--timeout", "1m");
  await server.commit(folder, { version: "2\n" }, "Second thoughts");
  await server.run("wait", "frail", "prod", "--change", "2", "--for", "approval", "--timeout", "1m");
  const first = (await server.api("/stacks/frail/deployments?stage=dev&limit=200")).items.at(-1).id;
  const title = (tab, name) => tab.page.getByRole("heading", { name, exact: true, level: 1 });
  const connection = (tab, word) => tab.page.getByRole("banner").getByRole("status").getByText(word, { exact: true });
  const noAlarm = async (tab) => assert.deepEqual(await tab.page.getByRole("alert").allInnerTexts(), []);
  const post = (target, body = {}) => server.api(target, { method: "POST", body: JSON.stringify(body) });

  const tab = await open();
  const { page } = tab;

  await must("a server that dies is said to be away; what was shown stays, and all comes back by itself", async () => {
    tab.expect(/ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/);
    await tab.go("/stacks/frail/history");
    await page.getByRole("link", { name: "Pipeline", exact: true }).click();
    await stageIs(tab, "prod", "live", "#1 Say hello");
    await connection(tab, "live").waitFor();
    await server.stop("SIGKILL");
    await connection(tab, "connection lost").waitFor();
    await stageIs(tab, "prod", "live", "#1 Say hello");
    assert.equal(await server.fetch(`http://prod.frail.localhost:${server.gateway.split(":").pop()}/`), "1\n"); // apps go on (9.2)
    await tab.shot("bad-days-lost");
    await page.getByRole("link", { name: "History", exact: true }).click();
    await page.getByText("Deployments", { exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "The server does not answer. It is asked again as soon as it does." }).waitFor();
    await tab.shot("bad-days-no-answer");
    await server.restart();
    await connection(tab, "live").waitFor();
    await page.getByRole("list", { name: "Deployments" }).getByRole("link", { name: "#2 to dev" }).waitFor(); // nobody tried again
    await noAlarm(tab);
    await page.getByRole("link", { name: "Pipeline", exact: true }).click();
    await post("/stacks/frail/stages/prod/pause");
    await page.getByRole("main").getByText("paused", { exact: true }).waitFor();
    await post("/stacks/frail/stages/prod/resume");
    await page.getByRole("main").getByText("paused", { exact: true }).waitFor({ state: "detached" });
  });

  await must("a page that is opened while the server is away comes when it is back, as after an upgrade", async () => {
    tab.expect(/The page is loaded by itself/);
    await server.stop("SIGKILL");
    await connection(tab, "connection lost").waitFor();
    await page.getByRole("link", { name: "Insights", exact: true }).click(); // its file was never asked for
    await page.getByRole("alert").filter({ hasText: "The page is loaded by itself as soon as it does." }).waitFor();
    await tab.shot("bad-days-not-loaded");
    await server.restart();
    await title(tab, "Insights").waitFor();
    await page.getByText("Deployment frequency").first().waitFor();
    assert.ok(page.url().endsWith("/stacks/frail/insights"));
  });

  await test("a session that was ended elsewhere leads to signing in, and back to where one was", async () => {
    const guest = await server.createToken("guest", "viewer");
    const other = await open({ token: guest });
    other.expect(/status of 401/);
    const here = "/stacks/frail/history?view=deployments&stage=dev";
    await other.go(here);
    const { id } = (await server.api("/tokens?limit=200")).items.find((one) => one.name === "guest");
    await server.api(`/tokens/${id}`, { method: "DELETE" });
    await title(other, "Sign in to Sluice").waitFor();
    await other.shot("bad-days-session");
    await other.page.getByLabel("Code or token").fill(server.token);
    await other.page.keyboard.press("Enter");
    await other.page.waitForURL(`**${here}`);
    await other.page.getByRole("list", { name: "Deployments" }).getByRole("link", { name: "#2 to dev" }).waitFor();
    await other.close();
  });

  await test("what moved on while a dialog was open is news, not an error (409)", async () => {
    tab.expect(/status of 409/);
    await tab.go("/stacks/frail");
    await choose(tab, "dev", "Redeploy");
    const dialog = page.getByRole("dialog", { name: "Redeploy dev?" });
    hold.shut();
    await server.commit(folder, { version: "3\n" }, "Third time");
    await stageIs(tab, "dev", "deploying");
    await dialog.getByRole("button", { name: "Redeploy" }).click();
    await dialog.getByRole("status", { name: "Things have moved on" }).waitFor();
    await noAlarm(tab);
    await tab.shot("bad-days-moved");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    hold.release();
    await waits(tab, 3, "prod").waitFor();
    await tab.go("/?new=1");
    const form = page.getByRole("dialog", { name: "New stack" });
    await form.getByLabel("Name").fill("frail");
    await form.getByRole("button", { name: "Create stack" }).click();
    await form.getByText(/taken/).waitFor();
  });

  await test("two who edit the same settings: the second sees the first before saving", async () => {
    await tab.go("/stacks/frail/settings/prod/scale");
    await page.getByLabel("Instances").fill("2");
    await server.api("/stacks/frail/stages/prod", { method: "PATCH", body: JSON.stringify({ requires_approval: false }) });
    await page.getByRole("status", { name: "The settings of prod changed meanwhile" }).waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
    const { instances, requires_approval } = await server.api("/stacks/frail/stages/prod");
    assert.deepEqual({ instances, requires_approval }, { instances: 2, requires_approval: false });
    await server.api("/stacks/frail/stages/prod", { method: "PATCH", body: JSON.stringify({ requires_approval: true, instances: 1 }) });
  });

  const pages = {
    "/": "Stacks",
    "/approvals": "Approvals",
    "/activity": "Activity",
    "/regions": "Regions",
    "/tokens": "Tokens",
    "/stacks/frail": "frail",
    "/stacks/frail/history": "History",
    "/stacks/frail/history?view=deployments": "History",
    "/stacks/frail/activity": "Activity",
    "/stacks/frail/insights": "Insights",
    "/stacks/frail/settings": "Settings",
    "/stacks/frail/settings/prod/runtime": "Settings",
    "/stacks/frail/changes/1": "Change #1",
    [`/stacks/frail/deployments/${first}`]: "Deployment",
    "/stacks/frail/stages/prod/approval": "Approval at prod",
    "/stacks/frail/stages/prod/logs": "Logs of prod",
    "/stacks/frail/stages/prod/monitoring": "Monitoring of prod",
  };

  await test("what happens between the first answers of a page and its first event is not missed", async () => {
    const paused = page.getByRole("main").getByText("paused", { exact: true });
    const late = () => {
      let come;
      return [new Promise((done) => (come = done)), come];
    };
    const [stream, streamComes] = late();
    await page.goto("about:blank"); // what was open asks for nothing any more
    await page.route("**/api/v1/events", async (route) => route.continue(await stream));
    await page.goto("/stacks/frail");
    await stageIs(tab, "prod", "live", "#1 Say hello");
    await post("/stacks/frail/stages/prod/pause");
    streamComes();
    await paused.waitFor();
    await page.unroute("**/api/v1/events");

    // An answer of before that comes after the stream has begun.
    const [stack, stackComes] = late();
    const [me, meComes] = late();
    await page.goto("about:blank");
    await page.route("**/api/v1/stacks/frail", async (route) => {
      const response = await route.fetch();
      meComes(post("/stacks/frail/stages/prod/resume"));
      await stack;
      await route.fulfill({ response }).catch(() => undefined); // asked again meanwhile
    });
    await page.route("**/api/v1/me", async (route) => route.continue(await me.then(() => undefined)));
    await page.goto("/stacks/frail");
    await connection(tab, "live").waitFor();
    stackComes();
    await stageIs(tab, "prod", "live", "#1 Say hello");
    await paused.waitFor({ state: "detached" });
    for (const one of ["stacks/frail", "me"]) await page.unroute(`**/api/v1/${one}`);
  });

  await test("a slow network shows where one is and the shape of what comes, never a blank page", async () => {
    for (const [target, name] of Object.entries(pages)) {
      let arrived;
      const arrives = new Promise((done) => (arrived = done));
      const slow = async (route) => {
        await arrives;
        await route.continue().catch(() => undefined); // given up by the page meanwhile
      };
      await page.route(/\/api\/v1\/(?!me$|events)/, slow);
      await page.goto(target);
      await title(tab, name).waitFor();
      const main = page.getByRole("main");
      await main.locator('[aria-busy="true"], [aria-label="Loading"]').or(main.getByText("Reading the log…")).first().waitFor();
      arrived();
      await tab.settled();
      await page.unroute(/\/api\/v1\/(?!me$|events)/);
      await noAlarm(tab);
    }
  });

  for (const role of ["viewer", "developer"]) {
    await test(`a ${role} is offered what a ${role} may do, and told why not the rest`, async () => {
      const developer = role === "developer";
      const why = developer ? "Only an admin may." : "A viewer may only read; ask an admin for another role.";
      const theirs = await open({ token: await server.createToken(`a-${role}`, role) });
      const at = async (target) => {
        await theirs.go(target);
        for (const one of await theirs.axe()) assert.fail(`${target}: ${one.text}`);
      };
      const button = (name) => theirs.page.getByRole("main").getByRole("button", { name, exact: true });

      await at("/?new=1");
      await holds(async () => assert.equal(await button("New stack").getAttribute("aria-disabled"), "true"));
      assert.equal(await theirs.page.getByRole("dialog").count(), 0);
      await button("New stack").hover();
      await theirs.page.getByRole("tooltip").getByText(why).waitFor();

      await at("/stacks/frail");
      await holds(async () => assert.equal(await theirs.page.getByRole("button", { name: /^Add( a)? stage/ }).count(), developer ? 3 : 0));
      await tile(theirs, "prod").getByRole("button", { name: "What to do with prod" }).click();
      const items = theirs.page.getByRole("menuitem");
      await items.first().waitFor();
      if (developer) {
        const off = await items.filter({ hasText: /Only an admin|only an admin/ }).allInnerTexts();
        assert.deepEqual(off.map((text) => text.split("\n")[0]), ["Redeploy", "Roll back", "Promote a change", "Pause"]);
        for (const name of off) await holds(async () => assert.ok(await items.filter({ hasText: name.split("\n")[0] }).first().isDisabled(), name));
      } else await holds(async () => assert.deepEqual(await items.allInnerTexts(), ["Logs", "Monitoring", "History", "Settings"]));
      await theirs.shot(`bad-days-${role}`);
      await theirs.page.keyboard.press("Escape");
      if (developer) {
        await theirs.go("/stacks/frail?add=end");
        const form = theirs.page.getByRole("dialog", { name: "New stage" });
        await holds(async () => assert.ok(await form.getByRole("switch", { name: "Require manual approval" }).isDisabled()));
        await form.getByText(why).first().waitFor();
      }

      await at("/stacks/frail/stages/prod/approval");
      await theirs.page.getByRole("heading", { name: "1 file changed" }).waitFor();
      await theirs.page.getByText(why, { exact: true }).waitFor();
      assert.equal(await theirs.page.getByRole("button", { name: /^(Approve|Reject)/ }).count(), 0);

      await at(`/stacks/frail/deployments/${first}`);
      const back = button("Roll back to here");
      await holds(async () => assert.equal(await back.getAttribute("aria-disabled"), String(!developer)));

      await at("/stacks/frail/settings");
      await holds(async () => assert.ok(await button("Delete frail").isDisabled()));
      await theirs.page.getByText(why, { exact: true }).first().waitFor();
      await at("/stacks/frail/settings/prod/details");
      await holds(async () => assert.ok(await theirs.page.getByRole("switch", { name: "Require manual approval" }).isDisabled()));
      await holds(async () => assert.ok(await button("Delete prod").isDisabled()));
      await at("/stacks/frail/settings/prod/runtime");
      await theirs.page.getByText(developer ? "prod requires approval: only an admin may." : why).first().waitFor();
      assert.equal(await button("Edit as .env").count(), 0);
      await at("/stacks/frail/settings/dev/runtime");
      await holds(async () => assert.equal(await button("Edit as .env").count(), developer ? 1 : 0));
      await at("/tokens");
      await theirs.page.getByText("Only an admin sees and makes tokens.").waitFor();
      await theirs.close();
    });
  }

  await test("a deletion that cannot finish says why, and is forced by the word", async () => {
    // As a region that is out of reach would have it; the one of this machine never is.
    const problem = "the region local does not answer: connection refused.";
    const stuck = (stack) => {
      const stage = stack.stages.find((one) => one.name === "prod");
      delete stage.position;
      Object.assign(stage, { state: "deleting", deleting: { since: new Date().toISOString(), tries: 3, problem } });
      return stack;
    };
    await page.route("**/api/v1/stacks/frail", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: stuck(await answer.json()) });
    });
    let sent;
    await page.route("**/api/v1/stacks/frail/stages/prod?*", async (route) => {
      sent = `${route.request().method()} ${new URL(route.request().url()).search}`;
      await route.fulfill({ status: 202, json: { ...(await server.api("/stacks/frail/stages/prod")), hint: "Nothing else changes." } });
    });
    await tab.go("/stacks/frail");
    await page.getByRole("status", { name: "prod is being deleted" }).getByText(problem).waitFor();
    await tab.shot("bad-days-stuck");
    await page.getByRole("link", { name: "Its deletion can be forced." }).click();
    await page.getByText("tried 3 times").waitFor();
    await page.getByRole("button", { name: "Force the deletion" }).click();
    const dialog = page.getByRole("dialog", { name: "Force the deletion of prod?" });
    await dialog.getByText("What is left in the region local must be removed by hand.").waitFor();
    await dialog.getByLabel("Type delete to confirm").fill("delete");
    await dialog.getByRole("button", { name: "Force the deletion" }).click();
    await page.waitForURL("**/stacks/frail");
    assert.match(sent, /^DELETE \?(?=.*confirm=delete)(?=.*force=true)/);
    await page.unrouteAll();
  });

  await test(`a log of ${kLines.toLocaleString("en")} lines is there at once, and every line is a few keys away`, async () => {
    await tab.go(`/stacks/frail/deployments/${first}?step=building`);
    await page.getByText(/^10,0\d\d lines$/).waitFor();
    const field = page.getByLabel("Search in the log");
    await field.fill("compiling file 9876");
    await field.press("Enter");
    await page.getByText("compiling file 9876", { exact: true }).waitFor();
    await field.fill(":5000");
    await field.press("Enter");
    await page.getByText(/^compiling file (4999|5000|4998)$/).first().waitFor();
    const drawn = await page.evaluate(() => document.querySelectorAll("main *").length);
    assert.ok(drawn < 3000, `${drawn} elements are drawn`);
    await tab.shot("bad-days-long-log");
  });

  await test("a history of 10,000 deployments is read as one scrolls, and drawn only where one looks", async () => {
    const [real] = (await server.api("/stacks/frail/deployments?limit=1")).items;
    const item = (number) => ({ ...real, id: `dep_${String(number).padStart(6, "0")}`, change: number });
    await page.route("**/api/v1/stacks/frail/deployments?*", (route) => {
      const query = new URL(route.request().url()).searchParams;
      const from = Number(query.get("after") ?? 10_000);
      const some = Math.min(from, Number(query.get("limit")));
      const items = Array.from({ length: some }, (_, at) => item(from - at));
      return route.fulfill({ json: { items, ...(from > some && { next: String(from - some) }) } });
    });
    await tab.go("/stacks/frail/history?view=deployments");
    const list = page.getByRole("list", { name: "Deployments" });
    await list.getByText("#10000 to dev").waitFor();
    await until("a thousand are passed", 20, async () => {
      await page.mouse.wheel(0, 20_000);
      return (await page.evaluate(() => Number(document.querySelector("[aria-posinset]:last-child")?.getAttribute("aria-posinset")))) > 1000;
    });
    await holds(async () => assert.ok((await list.getByRole("listitem").count()) < 120));
    await page.getByRole("listitem").last().getByRole("link").waitFor();
    await page.unrouteAll();
  });
  hold.close();
}
