import { BROKEN } from "./server.mjs";

/** What the pages are walked with: `shop` has released, waits for a decision and has secrets; `blog` fails; `empty` is new. */
export async function seed(server) {
  const shop = await server.app("shop");
  await server.run("stage", "add", "shop", "test");
  await server.run("stage", "add", "shop", "prod", "--approval");
  await server.push(shop);
  await server.run("wait", "shop", "prod", "--change", "1", "--for", "approval", "--timeout", "2m");
  await server.run("approve", "shop", "prod", "--change", "1", "-m", "First release");
  await server.run("wait", "shop", "prod", "--change", "1", "--timeout", "2m");
  await server.run("env", "set", "shop", "prod", "GREETING=hello", "LEVEL=info");
  await server.run("env", "set", "shop", "dev", "API_KEY=secret-value", "--secret");
  await server.commit(shop, { version: "2\n" }, "Show prices with tax\n\nAsked for by the shop in Vienna.");
  await server.run("wait", "shop", "prod", "--change", "2", "--for", "approval", "--timeout", "2m");

  const blog = await server.app("blog");
  await server.push(blog);
  await server.run("wait", "blog", "dev", "--change", "1", "--timeout", "2m");
  await server.commit(blog, BROKEN, "Read a flag");
  await server.run("wait", "blog", "dev", "--change", "2", "--for", "end", "--timeout", "2m").catch(() => undefined);
  await server.run("stack", "create", "empty");

  const newest = async (stack) => (await server.api(`/stacks/${stack}/deployments?limit=1`)).items[0].id;
  return { folders: { shop, blog }, deployment: (await server.api("/stacks/shop/stages/dev")).current.deployment, failed: await newest("blog") };
}

