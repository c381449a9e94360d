"""What a scenario acts upon: a server with its data, git repositories, gates that builds and starts wait at, probes."""
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from authority import Authority

APP = '''import http.server
import os
import subprocess

WORDS = {words!r}


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        lines = [WORDS, "change " + os.environ.get("SLUICE_CHANGE", "?"), "stage " + os.environ.get("SLUICE_STAGE", "?")]
        lines += [name + "=" + os.environ[name] for name in ("GREETING", "SECRET", "COLOUR") if name in os.environ]
        if os.path.exists("built-with.txt"):
            lines.append("built with " + open("built-with.txt").read().strip())
        if self.path == "/visits" and os.path.exists("visits.sh"):
            visits = subprocess.run(["sh", "visits.sh"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            lines.append("visits " + visits.stdout.strip())
        body = ("\\n".join(lines) + "\\n").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        print("request", self.path, flush=True)


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128  # as app servers have it; Python's own 5 loses some of a hundred at once


print("hello from", WORDS, flush=True)
Server((os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])), Answer).serve_forever()
'''

# What an app asks its database: the client's own variables say which.
PSQL = "$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)/psql -qAtX -v ON_ERROR_STOP=1 "
MIGRATE = PSQL + "-c 'create table if not exists visits (at timestamptz default now())'\n"
VISIT = PSQL + "-c 'insert into visits default values' -c 'select count(*) from visits'\n"

# Waits at a gate of the driver until it is opened; the server's own time limits still hold.
WAIT_AT = '''import time
import urllib.request

print("waiting at the gate {gate}", flush=True)
while True:
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open("http://127.0.0.1:{port}/{gate}", timeout=5)
        break
    except OSError:
        time.sleep(0.05)
'''


# A line of JSON a hundred times a second, numbered, every fourth an error.
LINES = '''import json
import time

n = 0
while True:
    n += 1
    print(json.dumps({"level": ["error", "info", "debug", "warn"][n % 4], "n": n, "msg": "at work"}), flush=True)
    time.sleep(0.01)
'''


class Gates:
    """GET /NAME answers 200 once NAME is open, 404 before."""

    def __init__(self):
        opened = self.opened = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if self.path[1:] in opened else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Probe:
    """Asks a stage for its page again and again, until told to stop."""

    def __init__(self, ask):
        self.answers, self.failures, self.first_failure = 0, 0, ""
        self.stopping = threading.Event()
        self.ask = ask
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        while not self.stopping.wait(0.02):
            try:
                status, _ = self.ask()
                problem = "" if status == 200 else f"status {status}"
            except OSError as error:
                problem = repr(error)
            self.answers += 1
            if problem:
                self.failures += 1
                self.first_failure = self.first_failure or problem

    def stop(self):
        self.stopping.set()
        self.thread.join()
        text = f"{self.failures} failures in {self.answers} requests"
        return text + (f" (first: {self.first_failure})" if self.first_failure else "")


class World:
    def __init__(self, name, sluice):
        # Builds and apps may run as another user: they must get through to the data directory.
        self.root = Path(tempfile.mkdtemp(prefix=f"sluice-{name}-"))
        self.root.chmod(0o755)
        self.data = self.root / "data"
        self.home = self.root / "home"
        self.home.mkdir()
        self.gates = Gates()
        self.probes = {}
        self.authority = None
        self.server = None
        self.options = []  # more of `sluice serve`'s
        self.api = self.gateway = None
        self.gateways = {}
        self.bin = self.root / "bin"
        self.bin.mkdir()
        (self.bin / "sluice").symlink_to(sluice)
        field = self.bin / "field"
        field.write_text(FIELD)
        field.chmod(0o755)
        self.sluice = str(sluice)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("SLUICE", "GIT_", "XDG_"))}
        self.env.update(
            PATH=f"{self.bin}:{os.environ['PATH']}",
            HOME=str(self.home),
            XDG_CONFIG_HOME=str(self.home / "config"),
            GIT_CONFIG_NOSYSTEM="1",
            GIT_CONFIG_GLOBAL="/dev/null",
            GIT_TERMINAL_PROMPT="0",
            NO_COLOR="1",
            DATA=str(self.data),
        )

    # --- the server ---
    def start_server(self):
        (self.data / "server.json").unlink(missing_ok=True)
        command = [self.sluice, "serve", "--data", str(self.data)]
        command += ["--listen", self.api.removeprefix("http://") if self.api else "127.0.0.1:0"]
        command += ["--gateway", self.gateway or "127.0.0.1:0", *self.options]
        if self.authority:
            command += ["--gateway-tls", "0", "--acme", "admin@example.org", "--acme-directory", self.authority.directory]
        self.log = open(self.root / "server.log", "ab")
        begin = self.log.tell()
        self.server = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env=self.env)
        limit = time.monotonic() + 60
        while not (self.data / "server.json").is_file() or b"is ready" not in (self.root / "server.log").read_bytes()[begin:]:
            if self.server.poll() is not None:
                raise RuntimeError(f"the server ended with {self.server.returncode}:\n{self.server_log()[-2000:]}")
            if time.monotonic() > limit:
                raise RuntimeError(f"the server was not ready within 60 s:\n{self.server_log()[-2000:]}")
            time.sleep(0.02)
        note = json.loads((self.data / "server.json").read_text())
        self.api, self.gateway = note["api"], note["gateway"]
        self.env["API"] = self.api
        if self.authority:
            self.env["TLS"] = (self.data / "gateway/tls-port").read_text().strip()

    def found_authority(self):
        self.authority = Authority(self.root / "authority", int(self.gateway.rpartition(":")[2]), shutil.which("uacme"))
        client = self.bin / "uacme"
        client.write_text(self.authority.client)
        client.chmod(0o755)
        self.env.update(ROOT=str(self.authority.root), NAMES=self.authority.names)

    def sign_in(self):
        code = next((line.split("code:", 1)[1].strip() for line in self.server_log().splitlines() if "code:" in line), None)
        if not code:
            raise RuntimeError("the first start printed no sign-in code")
        self.env["CODE"] = code
        done = self.command(f"echo {code} | sluice login {self.api} --token -")
        if done[0] != 0:
            raise RuntimeError(f"signing in failed: {done[1]}")

    def kill_server(self):
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()

    def stop_server(self):
        self.server.terminate()
        return self.server.wait(timeout=30)

    def server_log(self):
        return (self.root / "server.log").read_text(errors="replace")

    # --- acting ---
    def command(self, text, stdin=None):
        done = subprocess.run(["bash", "-c", text], env=self.env, cwd=self.root, stdin=stdin or subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        return done.returncode, done.stdout.decode(errors="replace")

    def act_as(self, role):
        self.env.pop("SLUICE_TOKEN", None)
        if role == "admin":
            return 0, ""
        kept = self.root / f"token-{role}"
        if not kept.is_file():
            status, out = self.command(f"sluice token create the-{role} --role {role} --json")
            if status != 0:
                return status, out
            kept.write_text(json.loads(out)["token"])
        self.env["SLUICE_TOKEN"] = kept.read_text()
        return 0, ""

    def gateway_of(self, stack, stage):
        """Of its region, once it was asked for while the server was there."""
        if (self.data / "regions").is_dir() and (stack, stage) not in self.gateways:
            try:
                _, text = self.call_api("GET", f"/stacks/{stack}/stages/{stage}")
                self.gateways[stack, stage] = "127.0.0.1:" + json.loads(text)["url"].rpartition(":")[2]
            except (OSError, ValueError, LookupError):
                return self.gateway
        return self.gateways.get((stack, stage), self.gateway)

    def ask(self, stack, stage, path="/"):
        gateway = self.gateway_of(stack, stage)
        connection = http.client.HTTPConnection(gateway, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": f"{stage}.{stack}.localhost:{gateway.rpartition(':')[2]}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def ask_over_tls(self, domain):
        trust = ssl.create_default_context(cafile=self.authority.root)
        with socket.create_connection(("127.0.0.1", int(self.env["TLS"])), timeout=10) as plain:
            with trust.wrap_socket(plain, server_hostname=domain) as connection:
                connection.sendall(f"GET / HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n".encode())
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                return answer.status, answer.read().decode(errors="replace")

    def call_api(self, method, path, body=None):
        host = self.api.removeprefix("http://")
        token = self.env.get("SLUICE_TOKEN") or json.loads((self.home / "config/sluice/config.json").read_text())["token"]
        headers = {"Authorization": f"Bearer {token}"} if token != "none" else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, "/api/v1" + path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    # --- repositories ---
    def git(self, repo, *words):
        done = subprocess.run(["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *words], cwd=repo, env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        return done.returncode, done.stdout.decode(errors="replace")

    def push(self, stack, words, *manner):
        repo = self.root / f"repo-{stack}"
        if not repo.is_dir():
            repo.mkdir()
            self.git(repo, "init", "-q", "-b", "main")
            self.git(repo, "config", "credential.helper", "!sluice git-credential")
            self.git(repo, "remote", "add", "origin", f"{self.api}/git/{stack}.git")
        self.write_app(repo, stack, words, " ".join(manner))
        self.git(repo, "add", "-A")
        status, out = self.git(repo, "commit", "-q", "--allow-empty", "-m", words)
        if status != 0:
            return status, out
        return self.git(repo, "push", "origin", "main")

    def write_app(self, repo, stack, words, manner):
        known = {"", "broken", "broken build", "build waits", "start waits", "release fails", "shows colour",
                 "writes lines", "needs GREETING", "needs COLOUR", "counts visits"}
        if manner not in known:
            raise SyntaxError(f"push: unknown manner {manner!r}; there are: {', '.join(sorted(known - {''}))}")
        (repo / "app.py").write_text(APP.format(words=words))
        start = "#!/bin/sh\n"
        toml = ""
        gate = f"{stack}-{words.replace(' ', '-')}"
        (repo / "wait.py").write_text(WAIT_AT.format(gate=gate, port=self.gates.port))
        if manner == "broken":
            start += "echo cannot find the flux capacitor\nexit 1\n"
        if manner.startswith("needs "):
            name = manner.removeprefix("needs ")
            start += f'[ -n "${name}" ] || {{ echo {name} is not set; exit 1; }}\n'
        if manner == "writes lines":
            (repo / "lines.py").write_text(LINES)
            start += "python3 lines.py &\n"
        if manner == "start waits":
            start += "python3 wait.py\n"
        if manner == "broken build":
            toml = '[build]\ncommand = "echo this does not compile; exit 3"\n'
        if manner == "build waits":
            toml = '[build]\ncommand = "python3 wait.py"\n'
        if manner == "release fails":
            toml = '[release]\ncommand = "echo the migration failed; exit 4"\n'
        if manner == "shows colour":
            toml = '[build]\ncommand = "echo \\"$COLOUR\\" > built-with.txt"\n'
        for name in ("migrate.sh", "visits.sh"):
            (repo / name).unlink(missing_ok=True)
        if manner == "counts visits":
            toml = '[release]\ncommand = "sh migrate.sh"\n'
            (repo / "migrate.sh").write_text(MIGRATE)
            (repo / "visits.sh").write_text(VISIT)
        (repo / "start.sh").write_text(start + "exec python3 app.py\n")
        (repo / "start.sh").chmod(0o755)
        (repo / "sluice.toml").unlink(missing_ok=True)
        if toml:
            (repo / "sluice.toml").write_text(toml)

    # --- looking ---
    def copies(self, stack, stage):
        """Processes that are the app of this stage, by change: "#3 x1"."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                if b"app.py" not in (folder / "cmdline").read_bytes():
                    continue
                variables = dict(item.split(b"=", 1) for item in (folder / "environ").read_bytes().split(b"\0") if b"=" in item)
            except OSError:
                continue
            if variables.get(b"SLUICE_STACK") != stack.encode() or variables.get(b"SLUICE_STAGE") != stage.encode():
                continue
            if not self.is_ours(variables):
                continue
            change = variables.get(b"SLUICE_CHANGE", b"?").decode()
            found[change] = found.get(change, 0) + 1
        return "".join(f"#{change} x{count}\n" for change, count in sorted(found.items())) or "none\n"

    def is_ours(self, variables):
        # Scenarios run side by side with stacks of the same names: the address holds the gateway's port.
        ours = {gateway.rpartition(":")[2] for gateway in (self.gateway, *self.gateways.values())}
        return variables.get(b"SLUICE_URL", b"").decode().rpartition(":")[2] in ours

    def processes_left(self):
        mark = str(self.root).encode()
        left = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                command = (folder / "cmdline").read_bytes()
                if mark in command or mark in os.fsencode(os.readlink(folder / "cwd")):
                    left.append(f"{folder.name} {command.replace(bytes(1), b' ').decode(errors='replace').strip()[:160]}")
            except OSError:
                continue
        return left

    # --- the end ---
    def tear_down(self):
        """Stops all; answers what went wrong while doing so."""
        problems = []
        for probe in self.probes.values():
            probe.stop()
        if self.server and self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                problems.append("the server did not end within 20 s of SIGTERM")
                self.kill_server()
        if self.data.is_dir():
            try:
                status, out = self.command(f"sluice down --data {self.data}")
                if status != 0:
                    problems.append(f"sluice down: exit {status}: {out.strip()}")
            except subprocess.TimeoutExpired:
                problems.append("sluice down took more than 120 s")
        if self.authority:
            self.authority.close()
        limit = time.monotonic() + 10
        while (left := self.processes_left()) and time.monotonic() < limit:
            time.sleep(0.1)
        if left:
            problems.append("processes left behind:\n  " + "\n  ".join(left))
            for line in left:
                try:
                    os.kill(int(line.split()[0]), signal.SIGKILL)
                except OSError:
                    pass
        self.gates.close()
        if self.server:
            self.log.close()
        return problems

    def remove(self):
        # Artifacts are read-only trees: an ordinary user has to open the folders before emptying them.
        for folder, _, _ in os.walk(self.root):
            os.chmod(folder, 0o700)
        shutil.rmtree(self.root)


FIELD = '''#!/usr/bin/env python3
"""Prints one member of the JSON on standard input: field items.0.id"""
import json
import sys

value = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    value = value[int(name)] if isinstance(value, list) else value[name]
print(value if isinstance(value, str) else json.dumps(value))
'''
