import assert from "node:assert/strict";
import { stageIs, tile, waits } from "../lib/pipeline.mjs";

/** A manager on a phone: what waits is found, looked at and decided on; what others do meanwhile is news. */
export default async function ({ test, must, open, server, until }) {
  const folders = {};
  for (const stack of ["north", "south"]) {
    folders[stack] = await server.app(stack);
    await server.run("stage", "add", stack, "prod", "--approval");
    await server.push(folders[stack]);
    await server.run("wait", stack, "prod", "--change", "1", "--for", "approval", "--timeout", "1m");
  }
  const bea = await server.createToken("bea", "admin");
  const asBea = (act, stage, body) =>
    fetch(`${server.url}/api/v1/stacks/${stage}/stages/prod/${act}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${bea}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });

  const tab = await open({ size: "phone" });
  tab.expect(/status of 404.*\/prod\/approval$/); // asked once more after a decision: nothing waits there now
  const { page } = tab;
  const title = (name) => page.getByRole("heading", { name, exact: true, level: 1 });
  const menu = (name) => page.getByRole("navigation", { name: "Main" }).getByRole("link", { name });
  const row = (stack) => page.getByRole("main").getByRole("link", { name: new RegExp(`^${stack} prod`) });
  const fits = async () => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${page.url()} is ${wide} px wider than the screen`);
  };
  const looks = async (name) => {
    await tab.settled();
    await fits();
    assert.deepEqual(await tab.axe(), []);
    await tab.shot(`phone-${name}`);
  };
  // Nothing that another person does is shown as an error.
  const noAlarm = async () => assert.equal(await page.getByRole("alert").count(), 0);

  await must("the menu leads everywhere and closes behind one", async () => {
    await tab.go("/");
    for (const [link, name] of [["Activity", "Activity"], ["Stacks", "Stacks"], [/^Approvals/, "Approvals"]]) {
      await page.getByRole("button", { name: "Menu" }).click();
      await menu(link).click();
      await title(name).waitFor();
      await page.getByRole("button", { name: "Menu", expanded: false }).waitFor();
      await page.getByRole("navigation", { name: "Main" }).waitFor({ state: "hidden" });
    }
    await row("north").waitFor();
    await row("south").waitFor();
    await looks("approvals");
  });

  await must("a change is looked at and approved, with a comment", async () => {
    await row("north").click();
    await title("#1 for prod").waitFor();
    await page.getByText("Nothing runs in prod yet: all 1 commit would ship.").waitFor();
    await page.getByRole("region", { name: "1 commit would ship" }).getByText("Say hello").waitFor();
    await looks("approval");
    await page.getByLabel("Comment").fill("From the train");
    await page.getByRole("button", { name: "Approve #1" }).click();
    await page.getByRole("status", { name: "#1 is approved and goes to prod" }).waitFor();
    await until("the news is in sight", 5, () => page.evaluate(() => window.scrollY === 0));
    await looks("approved");
    await page.getByRole("link", { name: "To the pipeline" }).click();
    await stageIs(tab, "prod", "live", "#1 Say hello");
    const { comment } = (await server.api("/approvals?stack=north&state=approved")).items[0];
    assert.equal(comment, "From the train");
  });

  await test("the pipeline runs from top to bottom", async () => {
    const [code, dev, prod] = await Promise.all(
      [page.getByRole("region", { name: "Code" }), tile(tab, "dev"), tile(tab, "prod")].map((one) => one.boundingBox()),
    );
    assert.ok(code.y + code.height < dev.y && dev.y + dev.height < prod.y);
    await looks("pipeline");
  });

  await must("another is rejected, with the reason", async () => {
    await page.getByRole("button", { name: "Menu" }).click();
    await menu(/^Approvals/).click();
    await row("south").click();
    await title("#1 for prod").waitFor();
    await page.getByRole("button", { name: "Reject…" }).click();
    const dialog = page.getByRole("dialog", { name: "Reject #1 for prod?" });
    await dialog.getByText("The change ends here. prod stays empty; nothing is undone in other stages").waitFor();
    await dialog.getByLabel("Reason").fill("Not on a Friday");
    await looks("reject");
    await dialog.getByRole("button", { name: "Reject #1" }).click();
    await page.getByRole("status", { name: "#1 is rejected and ends here" }).waitFor();
    await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "Approvals" }).click();
    await title("Approvals").waitFor();
    await row("south").waitFor({ state: "detached" });
    await page.goto("/stacks/south/stages/prod/approval?change=1");
    await page.getByText("#1 was rejected by browser.").waitFor();
    await page.getByText("“Not on a Friday”").waitFor();
  });

  await must("a newer change takes the place of what one reads: that is news, and it is looked at before it is approved", async () => {
    await server.commit(folders.north, { version: "2\n" }, "Turn the page");
    await page.goto("/stacks/north");
    await waits(tab, 2, "prod").click();
    await title("#2 for prod").waitFor();
    await server.commit(folders.north, { version: "3\n" }, "Turn it back");
    const news = page.getByRole("status", { name: "#2 waits no longer" });
    await news.getByText("#2 was superseded by #3, which reached this gate.").waitFor();
    await title("#2 for prod").waitFor();
    assert.equal(await page.getByRole("button", { name: /^(Approve|Reject)/ }).count(), 0);
    await noAlarm();
    await looks("superseded");
    await news.getByRole("button", { name: "Look at #3" }).click();
    await title("#3 for prod").waitFor();
    await page.getByRole("button", { name: "Approve #3" }).waitFor();
  });

  await test("what another has decided in the same moment is said, with who and why, and not as an error (409)", async () => {
    tab.expect(/status of 409/);
    await page.route("**/prod/approve", async (route) => {
      assert.equal((await asBea("reject", "north", { change: 3, comment: "Wait for Monday" })).status, 200);
      await route.continue();
    });
    await page.getByRole("button", { name: "Approve #3" }).click();
    const news = page.getByRole("status", { name: "#3 waits no longer" });
    await news.getByText("#3 was rejected by bea.").waitFor();
    await news.getByText("“Wait for Monday”").waitFor();
    await noAlarm();
    await page.unroute("**/prod/approve");
    await looks("decided");
  });

  await test("a decision whose answer got lost is on the screen all the same", async () => {
    tab.expect(/ERR_CONNECTION_RESET/);
    await server.commit(folders.north, { version: "4\n" }, "Number the pages");
    await page.getByRole("button", { name: "Look at #4" }).click();
    let times = 0;
    await page.route("**/prod/approve", async (route) => {
      const answer = await route.fetch();
      if (times++ === 0) await route.abort("connectionreset"); // decided, but nobody told
      else await route.fulfill({ response: answer });
    });
    await page.getByLabel("Comment").fill("At last");
    await page.getByRole("button", { name: "Approve #4" }).click();
    await page.getByRole("status").filter({ hasText: "#4 was approved by browser." }).waitFor();
    await noAlarm();
    assert.equal(times, 1);
    await page.goto("/stacks/north");
    await stageIs(tab, "prod", "live", "#4 Number the pages");
  });
}
