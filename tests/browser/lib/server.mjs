// A real server in a folder of its own under /tmp, on ports that the kernel picks.
import { execFile, execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "./until.mjs";

const execute = promisify(execFile);

// Serves one file, `version`; needs no build.
export const APP = {
  "start.sh":
    "#!/bin/sh\nmkdir -p /tmp/www\ncp version /tmp/www/index.html\necho serving\n" +
    'exec busybox httpd -f -p "$HOST:$PORT" -h /tmp/www\n',
  version: "1\n",
};
export const BROKEN = { "start.sh": "#!/bin/sh\necho 'loading settings'\necho 'the flag FOO is missing' >&2\nexit 3\n" };

export class Server {
  /** Starts it; the program is copied, so that the user which a server started by root becomes can read it. */
  static async start(program, { listen = "127.0.0.1:0", gateway = "127.0.0.1:0" } = {}) {
    const server = new Server();
    server.home = fs.mkdtempSync(path.join("/tmp", "sluice-browser-"));
    fs.chmodSync(server.home, 0o755);
    server.program = path.join(server.home, "sluice");
    fs.copyFileSync(program, server.program);
    server.data = path.join(server.home, "data");
    server.env = {
      ...process.env,
      HOME: server.home,
      GIT_TERMINAL_PROMPT: "0",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_NAME: "Ann Archer",
      GIT_AUTHOR_EMAIL: "ann@example.com",
      GIT_COMMITTER_NAME: "Ann Archer",
      GIT_COMMITTER_EMAIL: "ann@example.com",
    };
    delete server.env.SLUICE_URL;
    delete server.env.SLUICE_TOKEN;
    try {
      await server.serve(listen, gateway);
      server.token = await server.createToken("browser", "admin");
      server.env.SLUICE_TOKEN = server.token;
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  async serve(listen, gateway) {
    const log = fs.openSync(path.join(this.home, "server.log"), "a");
    this.child = spawn(this.program, ["serve", "--data", this.data, "--listen", listen, "--gateway", gateway, "--gateway-tls", "0"], {
      stdio: ["ignore", log, log],
      env: this.env,
    });
    this.ended = new Promise((done) => this.child.once("exit", done));
    fs.closeSync(log);
    const note = await until("the server's start", 60, () => {
      if (this.child.exitCode !== null) throw new Error(`the server ended:\n${this.log().slice(-2000)}`);
      try {
        return JSON.parse(fs.readFileSync(path.join(this.data, "server.json"), "utf8"));
      } catch {
        return undefined;
      }
    });
    this.url = note.api;
    this.gateway = note.gateway;
    this.env.SLUICE_URL = this.url;
  }

  log() {
    return fs.readFileSync(path.join(this.home, "server.log"), "utf8");
  }

  /** Ends the server as a crash would, or asks it to end; apps go on. */
  async stop(signal = "SIGTERM") {
    this.child.kill(signal);
    await this.ended;
  }

  /** The same server again, on the same ports. */
  async restart() {
    fs.rmSync(path.join(this.data, "server.json"), { force: true });
    await this.serve(new URL(this.url).host, this.gateway);
  }

  /** What `sluice ARGS…` prints; throws what it says when it fails. */
  async run(...args) {
    try {
      return (await execute(this.program, args, { env: this.env, maxBuffer: 1 << 26 })).stdout;
    } catch (error) {
      throw new Error(`sluice ${args.join(" ")}: ${error.stderr || error.message}`);
    }
  }

  async createToken(name, role) {
    return JSON.parse(await this.run("token", "create", name, "--role", role, "--data", this.data, "--json")).token;
  }

  async git(folder, ...args) {
    const helper = ["-c", "credential.helper=", "-c", `credential.helper=!${this.program} git-credential`];
    try {
      return (await execute("git", [...helper, ...args], { cwd: folder, env: this.env })).stdout;
    } catch (error) {
      throw new Error(`git ${args.join(" ")}: ${error.stderr || error.message}`);
    }
  }

  /** A work tree whose `origin` is the stack's repository; the stack is made unless it is there. Nothing is pushed. */
  async app(stack, files = APP, { create = true, message = "Say hello" } = {}) {
    if (create) await this.run("stack", "create", stack);
    const folder = path.join(this.home, `work-${stack}`);
    fs.mkdirSync(folder);
    await this.git(folder, "init", "-q", "-b", "main");
    await this.git(folder, "remote", "add", "origin", `${this.url}/git/${stack}.git`);
    this.write(folder, files);
    await this.git(folder, "add", "-A");
    await this.git(folder, "commit", "-q", "-m", message);
    return folder;
  }

  write(folder, files) {
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(path.join(folder, name), text, { mode: name.endsWith(".sh") ? 0o755 : 0o644 });
    }
  }

  async push(folder) {
    await this.git(folder, "push", "-q", "origin", "main");
  }

  /** Commits the files with the message and pushes. */
  async commit(folder, files, message) {
    this.write(folder, files);
    await this.git(folder, "add", "-A");
    await this.git(folder, "commit", "-q", "-m", message);
    await this.push(folder);
  }

  /** Asks the API as the admin; the answer's JSON. */
  async api(target, init = {}) {
    const answer = await fetch(`${this.url}/api/v1${target}`, {
      ...init,
      headers: { Authorization: `Bearer ${this.token}`, ...(init.body ? { "Content-Type": "application/json" } : {}) },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${init.method ?? "GET"} ${target}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** What the app answers at its address through the gateway, as text; "" while the gateway has nothing to pass it on to. */
  async answer(stack, stage) {
    const { url } = await this.api(`/stacks/${stack}/stages/${stage}`);
    return this.fetch(url);
  }

  /** The text at an address below the gateway. Its name is told to the gateway alone: nothing needs to resolve it. */
  fetch(url, headers = {}) {
    const { host, port, pathname } = new URL(url);
    return new Promise((done) => {
      const options = { host: "127.0.0.1", port, path: pathname, headers: { Host: host, ...headers }, agent: false };
      const request = http.get(options, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (part) => (text += part));
        answer.on("end", () => done(answer.statusCode === 200 ? text : ""));
        answer.on("error", () => done(""));
      });
      request.on("error", () => done(""));
    });
  }

  async close({ keep = false } = {}) {
    if (this.child && this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGTERM");
      await this.ended;
    }
    try {
      execFileSync(this.program, ["down", "--data", this.data], { env: this.env, stdio: "ignore" });
    } catch {
      // there was nothing to end
    }
    if (keep) return console.log(`kept: ${this.home}`);
    execFileSync("chmod", ["-R", "u+w", this.home]); // artifacts are read-only
    fs.rmSync(this.home, { recursive: true, force: true });
  }
}

