import { until } from "../lib/until.mjs";

/** Two builds run at once; a third waits for its turn, and its stage and its own page say so (R9.4). */
export default async function ({ test, open, server }) {
  const start = "#!/bin/sh\nexec busybox httpd -f -p \"$HOST:$PORT\" -h /app\n";
  const long = { "start.sh": start, "sluice.toml": '[build]\ncommand = "sleep 600"\n' };
  for (const name of ["slow-one", "slow-two"]) await server.push(await server.app(name, long));
  await until("both build", 60, async () =>
    (await Promise.all(["slow-one", "slow-two"].map((name) => server.api(`/stacks/${name}/stages/dev`)))).every((stage) => stage.active?.state === "building"),
  );
  await server.push(await server.app("patient", { "start.sh": start, "index.html": "at last\n" }));
  const tab = await open();
  const { page } = tab;

  await test("a build that waits for a free slot says so, on its stage and on its page", async () => {
    await tab.go("/stacks/patient");
    const note = page.getByText("waiting for a free slot: this server builds 2 at once");
    await note.waitFor();
    await tab.shot("slots-stage");
    await page.getByRole("link", { name: "Live log" }).click();
    await note.waitFor();
    await tab.shot("slots-deployment");
  });

  await test("it goes on when a slot is free, and says so no more", async () => {
    await server.run("cancel", "slow-one", "dev");
    await server.run("wait", "patient", "dev", "--change", "1", "--timeout", "1m");
    await page.getByText("waiting for a free slot").waitFor({ state: "detached" });
    await server.run("cancel", "slow-two", "dev");
  });
}
