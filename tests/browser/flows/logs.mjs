import assert from "node:assert/strict";
import { holds } from "../lib/until.mjs";

// Two instances that print JSON: a line each twentieth of a second, every fourth an error.
const CHATTY = {
  "start.sh": "#!/bin/sh\nexec python3 app.py\n",
  "app.py": `import http.server, json, os, threading, time
def chat():
    for n in range(10**9):
        print(json.dumps({"level": ["info", "warn", "debug", "error"][n % 4], "n": n, "msg": "order %d packed" % n}), flush=True)
        time.sleep(0.05)
threading.Thread(target=chat, daemon=True).start()
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
`,
};

/** The logs of a stage, searched by words and level; who changed which variable. */
export default async function ({ test, open, server, until }) {
  const folder = await server.app("chat", CHATTY);
  await server.run("stage", "set", "chat", "dev", "--instances", "2");
  await server.push(folder);
  await server.run("wait", "chat", "dev", "--timeout", "2m");
  const tab = await open();
  const { page } = tab;
  const lines = () => page.locator("[data-line]").allInnerTexts();

  await test("lines show which instance of which change wrote them", async () => {
    await tab.go("/stacks/chat/stages/dev/logs");
    await until("lines of both instances", 20, async () => {
      const seen = (await lines()).join("\n");
      return /\b1\.1\.0\b/.test(seen) && /\b1\.1\.1\b/.test(seen);
    });
    await page.getByText("12.3.0 is instance 0 of change 12").waitFor();
    await tab.shot("logs-runtime");
  });

  await test("a level leaves the others out, also of what comes now", async () => {
    await page.getByRole("textbox", { name: "Level" }).click();
    await page.getByRole("option", { name: "error and graver" }).click();
    await page.waitForURL(/level=error/);
    const errors = async () => {
      const seen = await lines();
      return seen.length > 0 && seen.every((line) => line.includes('"error"')) ? seen.length : 0;
    };
    const before = await until("errors only", 20, errors);
    await until("more errors", 20, async () => (await errors()) > before || (await errors()) >= 20);
    await tab.settled();
    await tab.shot("logs-level");
  });

  await test("words leave the others out; the address has it all, and a reload keeps it", async () => {
    await page.getByRole("searchbox", { name: "Only lines with" }).fill("ORDER 7 packed");
    await page.waitForURL(/grep=ORDER%207%20packed/);
    await until("both lines of order 7", 20, async () => {
      const seen = await lines();
      return seen.length === 2 && seen.every((line) => line.includes("order 7 packed"));
    });
    await page.reload();
    await page.getByText("order 7 packed").first().waitFor();
    await holds(async () => assert.equal(await page.getByRole("searchbox", { name: "Only lines with" }).inputValue(), "ORDER 7 packed"));
    await page.getByRole("searchbox", { name: "Only lines with" }).fill("no such words");
    await page.getByText(/No such line in the last/).waitFor();
    assert.deepEqual((await tab.axe()).map((one) => one.text), []);
  });

  await test("the history of variables tells who changed which name", async () => {
    await server.run("env", "set", "chat", "dev", "GREETING=hello-value", "COLOUR=blue-value");
    await server.run("env", "unset", "chat", "dev", "COLOUR");
    await tab.go("/stacks/chat/settings/dev/runtime");
    const history = page.getByRole("region", { name: "History of runtime variables" });
    await history.getByText(/removed\s+COLOUR/).waitFor();
    await history.getByText(/added\s+COLOUR, GREETING/).waitFor();
    assert.ok(!(await history.innerText()).includes("-value"));
    await server.run("env", "set", "chat", "dev", "LATER=1");
    await history.getByText(/added\s+LATER/).waitFor();
    await tab.shot("variables-history");
  });
}
