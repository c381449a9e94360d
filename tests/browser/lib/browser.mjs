// Chromium, and pages that remember what must not happen in them.
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.mjs";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
const need = createRequire(path.join(root, "web/package.json"));
const { chromium } = need("playwright-core");
const axe = fs.readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");

export const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

export function launch() {
  const program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((one) => fs.existsSync(one));
  if (!program) throw new Error("there is no Chromium; script/setup browser installs Debian's");
  // The sandbox of Chromium does not run as root.
  return chromium.launch({ executablePath: program, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
}

export class Tab {
  /** A page in a context of its own (no cookies, an empty cache), signed in with `token` unless that is missing. */
  static async open(browser, url, { token, size = "desktop", scheme = "light" } = {}) {
    const tab = new Tab();
    tab.url = url;
    tab.context = await browser.newContext({
      viewport: sizes[size],
      colorScheme: scheme,
      reducedMotion: "reduce",
      baseURL: url,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    tab.context.setDefaultTimeout(15_000);
    if (token) {
      const answer = await tab.context.request.post("/api/v1/session", { data: { token } });
      if (!answer.ok()) throw new Error(`signing in: ${answer.status()} ${await answer.text()}`);
    }
    tab.page = await tab.context.newPage();
    tab.wrong = [];
    tab.expected = [];
    tab.page.on("console", (said) => {
      if (said.type() === "error" || said.type() === "warning") tab.note(`${said.type()}: ${said.text()} ${said.location().url}`);
    });
    tab.page.on("pageerror", (error) => tab.note(`exception: ${error.stack ?? error.message}`));
    tab.page.on("request", (request) => {
      const origin = new URL(request.url()).origin;
      if (origin !== url) tab.note(`a request to another origin: ${request.url()}`);
    });
    return tab;
  }

  note(what) {
    if (!this.expected.some((pattern) => pattern.test(what))) this.wrong.push(what);
  }

  /** What the browser itself says of an answer that is meant to be refused, such as /status of 401/. */
  expect(pattern) {
    this.expected.push(pattern);
  }

  /** Throws what went wrong in the page since the last time. */
  clean() {
    const wrong = this.wrong.splice(0);
    if (wrong.length) throw new Error(wrong.join("\n"));
  }

  /** Waits until the page has drawn what it fetched: no skeleton or loader is left. */
  async settled() {
    // Asked again and again from here: to wait inside the page would need eval, which its policy forbids.
    await until(`${this.page.url()} is drawn`, 15, () =>
      this.page.evaluate(
        () => document.querySelector("h1, h2") !== null && !document.querySelector('[aria-busy="true"], [aria-label="Loading"]'),
      ),
    );
    await this.page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))));
  }

  /** Opens an address and waits until it is drawn. */
  async go(target) {
    await this.page.goto(target);
    await this.settled();
  }

  /** Violations of WCAG 2.2 A and AA and of good practice, as axe-core finds them. */
  async axe() {
    // Through the debugger, so that the content security policy does not stand in its way.
    await this.page.evaluate(axe);
    // What is out of sight is laid out as if it were seen: axe measures it, too.
    const seen = await this.page.addStyleTag({ content: "* { content-visibility: visible !important; }" });
    const found = await this.page.evaluate(() =>
      window.axe.run(document, { resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
    );
    await seen.evaluate((style) => style.remove());
    return found.violations.map((one) => ({
      impact: one.impact ?? "minor",
      text: `${one.impact}: ${one.help} (${one.id}): ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" · ")}`,
    }));
  }

  async shot(name) {
    const folder = path.join(root, "build/screenshots");
    fs.mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
  }

  close() {
    return this.context.close();
  }
}
