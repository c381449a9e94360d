import assert from "node:assert/strict";
import http from "node:http";

export const needs = "seed";

/** What lies in the program and how it is handed out; no browser is needed for most of it. */
export default async function ({ test, open, server }) {
  // Node's own client: fetch would set and hide headers.
  const ask = (path, { method = "GET", headers = {} } = {}) =>
    new Promise((done, failed) => {
      const request = http.request(new URL(path, server.url), { method, headers, agent: false }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      });
      request.on("error", failed);
      request.end();
    });
  const index = await ask("/");
  const assets = [...index.body.toString().matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((found) => found[1]);

  await test("an asset is kept for good, compressed or plain", async () => {
    assert.ok(assets.length >= 2, index.body.toString());
    for (const path of assets) {
      const plain = await ask(path);
      const zipped = await ask(path, { headers: { "Accept-Encoding": "gzip, br" } });
      assert.equal(plain.status, 200);
      assert.match(plain.headers["cache-control"], /max-age=31536000, immutable/);
      assert.match(plain.headers["content-type"], path.endsWith(".css") ? /^text\/css/ : /^text\/javascript/);
      assert.equal(zipped.headers["content-encoding"], "gzip");
      assert.ok(zipped.body.length < plain.body.length / 2);
      const { gunzipSync } = await import("node:zlib");
      assert.ok(gunzipSync(zipped.body).equals(plain.body));
    }
  });

  await test("every address is a page, asked again only when it changed", async () => {
    for (const path of ["/", "/sign-in", "/stacks/shop/settings/dev/build", "/no/such/page"]) {
      const got = await ask(path);
      assert.equal(got.status, 200, path);
      assert.ok(got.body.equals(index.body), path);
      assert.equal(got.headers["cache-control"], "no-cache");
      assert.equal((await ask(path, { headers: { "If-None-Match": got.headers.etag } })).status, 304);
      const head = await ask(path, { method: "HEAD" });
      assert.equal(head.status, 200);
      assert.equal(head.headers["content-length"], String(index.body.length));
      assert.equal(head.body.length, 0);
    }
  });

  await test("every answer forbids what is not ours", async () => {
    for (const path of ["/", assets[0], "/icon.svg", "/assets/none.js", "/no/such/page"]) {
      const { headers } = await ask(path);
      assert.match(headers["content-security-policy"], /^default-src 'none'; script-src 'self';/);
      assert.ok(!/script-src[^;]*unsafe/.test(headers["content-security-policy"]));
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.ok(headers["permissions-policy"]);
    }
    assert.ok(!/<script(?![^>]*\ssrc=)/.test(index.body.toString()), "an inline script");
  });

  await test("programs never get a page, and other hosts nothing", async () => {
    for (const [path, status] of [["/api/v1/stacks", 401], ["/api/v1/none", 404], ["/api", 404], ["/git/shop.git/info/refs", 401],
      ["/hooks/shop/github", 404], ["/metrics", 401], ["/healthz/x", 404], ["/assets/none.js", 404]]) {
      const got = await ask(path);
      assert.equal(got.status, status, path);
      assert.ok(!got.headers["content-type"].startsWith("text/html"), path);
    }
    for (const path of ["/", assets[0]]) assert.equal((await ask(path, { headers: { Host: "evil.example" } })).status, 421);
    assert.equal((await ask("/", { method: "POST" })).status, 404);
  });

  await test("an unknown address says so and leads back", async () => {
    const tab = await open();
    await tab.go("/no/such/page");
    await tab.page.getByText("There is no such page").waitFor();
    await tab.page.getByRole("link", { name: "To the stacks" }).click();
    await tab.page.getByRole("heading", { name: "Stacks", level: 1 }).waitFor();
  });

  await test("the first page's JavaScript stays under 300 KB", async () => {
    const tab = await open();
    for (const path of ["/", "/stacks/shop"]) {
      await tab.go(path);
      const scripts = await tab.page.evaluate(() =>
        performance.getEntriesByType("resource").filter((one) => /\.js$/.test(one.name)).map((one) => one.encodedBodySize),
      );
      const size = scripts.reduce((a, b) => a + b, 0);
      assert.ok(size > 50_000 && size < 300_000, `${path}: ${size} bytes`);
    }
  });

  await test("no script that came in with text runs", async () => {
    const tab = await open();
    tab.expect(/Content Security Policy/);
    await tab.go("/");
    const ran = await tab.page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
      await fetch("http://127.0.0.1:9/").catch(() => undefined);
      return window.ran ?? false;
    });
    assert.equal(ran, false);
  });
}
