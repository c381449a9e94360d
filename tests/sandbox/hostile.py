"""A server with three apps: the victim, one that is stopped, and the hostile one, which tries attempts.py in its build, its
release command and its app."""
import ctypes
import http.client
import json
import os
import pwd
import socket
import stat
import sys
import time
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenarios"))
from world import Probe, World  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)

# Shares its port with whoever may: the worst case. Says its word, and what it is given, to whom asks.
VICTIM = '''import http.server
import os
import socket

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path[1:]
        body = (os.environ.get(name, "") if name else "the victim").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

class Server(http.server.ThreadingHTTPServer):
    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()

Server(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
'''

# Says its secrets where they are masked.
TALKATIVE = '''[build]
command = "echo built with $BUILT; env"
[release]
command = "echo released with $SECRET $PGPASSWORD; echo $SECRET $DATABASE_URL >&2; env; test -z \\"$FAILS\\""
'''

HOSTILE = '''import http.server
import os
import subprocess

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"hostile" if self.path == "/" else open("/app/build.json", "rb").read())

    def do_POST(self):
        name = "/tmp/facts.json"
        with open(name, "wb") as file:
            file.write(self.rfile.read(int(self.headers["Content-Length"])))
        mark = self.headers["X-Mark"]
        self.answer(subprocess.run(["python3", "attempts.py", "app", name, mark], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   close_fds=False).stdout)

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
'''


def wait_for(condition, what, seconds=120.0):
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise RuntimeError(f"gave up after {seconds:.0f} s: {what}")
        time.sleep(0.02)
    return answer


def processes_with(mark):
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


class Machine:
    """What of the machine can be reached where nothing holds it back: each is found from outside, so that an attempt that
    does not find it is held, not mistaken."""

    def __enter__(self):
        self.name = f"sluice-tried-{uuid.uuid4().hex}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind("\0" + self.name)
        self.listener.listen()
        self.key = 0x5A000000 | os.getpid()
        self.shared = LIBC.shmget(self.key, 4096, 0o1666)
        keyctl, add = (250, 248) if os.uname().machine == "x86_64" else (219, 217)
        LIBC.syscall(keyctl, ctypes.c_long(1), None)  # a session keyring of its own, which what it starts inherits
        LIBC.syscall(add, b"user", b"sluice-test", b"kept", ctypes.c_long(4), ctypes.c_long(-3))
        return self

    def __exit__(self, *error):
        self.listener.close()
        LIBC.shmctl(self.shared, 0, None)


class Hostile(World):
    def __init__(self, name, sluice):
        super().__init__(name, sluice)
        self.words = {"SECRET": uuid.uuid4().hex, "BUILT": uuid.uuid4().hex}

    def must(self, command):
        status, out = self.command(command)
        if status != 0:
            raise RuntimeError(f"{command}: exit {status}: {out.strip()[-1500:]}")
        return out

    def deploy(self, stack, files, wait=True):
        repo = self.root / f"repo-{stack}"
        if not repo.is_dir():
            repo.mkdir()
            self.git(repo, "init", "-q", "-b", "main")
            self.git(repo, "config", "credential.helper", "!sluice git-credential")
            self.git(repo, "remote", "add", "origin", f"{self.api}/git/{stack}.git")
        for name, text in files.items():
            (repo / name).write_text(text)
            (repo / name).chmod(0o755)
        self.git(repo, "add", "-A")
        self.git(repo, "commit", "-q", "--allow-empty", "-m", "a change")
        status, out = self.git(repo, "push", "-q", "origin", "main")
        if status != 0:
            raise RuntimeError(f"git push of {stack}: {out[-1500:]}")
        if wait:
            self.must(f"sluice wait {stack} dev --timeout 2m")

    def neighbours(self):
        """The victim, with secrets of every kind, and an app that had a port."""
        start = {"start.sh": "#!/bin/sh\nexec python3 app.py\n", "app.py": VICTIM, "sluice.toml": TALKATIVE}
        for stack in ("victim", "stopped"):
            self.must(f"sluice stack create {stack}")
        self.env.update(self.words)
        self.must("sluice stage set victim dev --database new")
        self.must('printf %s "$SECRET" | sluice env set victim dev --secret SECRET=-')
        self.must('printf %s "$BUILT" | sluice env set victim dev --build --secret BUILT=-')
        for name in self.words:
            del self.env[name]
        for stack in ("victim", "stopped"):
            self.deploy(stack, start)
        self.had = int(self.ask("stopped", "dev", "/PORT")[1])
        self.must("sluice stage set stopped dev --instances 0")
        wait_for(lambda: self.copies("stopped", "dev") == "none\n", "the end of what is stopped")
        self.words["PGPASSWORD"] = self.ask("victim", "dev", "/PGPASSWORD")[1]
        if self.ask("victim", "dev", "/SECRET")[1] != self.words["SECRET"]:
            raise RuntimeError("the victim was not given its secret")

    def facts(self, machine):
        files, controls = [], []
        for folder, _below, names in os.walk(self.data):
            for name in names:
                path = os.path.join(folder, name)
                mode = os.lstat(path).st_mode
                if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
                    controls.append(path)
                elif len(files) < 400:
                    files.append(os.path.relpath(path, self.data))
        if not controls or "secret.key" not in files:
            raise RuntimeError("the server's files are not where they are looked for")
        pids = [int(line.split()[0]) for line in self.processes_left()] + self.pids_of("victim")
        port = lambda address: int(address.rpartition(":")[2])  # noqa: E731
        return {"data": str(self.data), "files": files, "controls": controls, "pids": sorted({*pids, self.server.pid}),
                "words": [word[::-1] for word in self.words.values()], "home": pwd.getpwuid(os.stat(self.data).st_uid).pw_dir, "api": self.api,
                "abstract": machine.name, "shared": machine.key,
                "ports": {"the gateway": port(self.gateway), "the API": port(self.api),
                          "another app": int(self.ask("victim", "dev", "/PORT")[1]), "a stopped app": self.had,
                          "databases": int((self.data / "databases/postgres/port").read_text())}}

    def pids_of(self, stack):
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and f"SLUICE_STACK={stack}".encode() in (folder / "environ").read_bytes() and self.is_ours(
                        dict(one.split(b"=", 1) for one in (folder / "environ").read_bytes().split(b"\0") if b"=" in one)):
                    found.append(int(folder.name))
            except OSError:
                pass
        return found

    def hostile(self, facts, marks):
        """What came of the attempts, by who tried: the build, the release command, the app."""
        self.must("sluice stack create hostile")
        toml = (f'[build]\ncommand = "python3 attempts.py build facts.json {marks["build"]} > build.json"\n'
                f'[release]\ncommand = "python3 attempts.py release facts.json {marks["release"]}"\n[run]\ncommand = "exec python3 app.py"\n')
        self.deploy("hostile", {"app.py": HOSTILE, "attempts.py": (HERE / "attempts.py").read_text(), "sluice.toml": toml,
                                "facts.json": json.dumps(facts)}, wait=False)
        status, said = self.command("sluice wait hostile dev --timeout 2m")
        if status != 0:
            raise RuntimeError(said + self.command("sluice logs hostile dev --build; sluice logs hostile dev --release")[1][-3000:])
        out = {"build": self.ask("hostile", "dev", "/build")[1], "release": self.must("sluice logs hostile dev --release"),
               "app": self.ask("hostile", "dev", "/", "POST", json.dumps(facts), {"X-Mark": marks["app"]})[1]}
        return {who: json.loads(text.split("ATTEMPTS ", 1)[1].splitlines()[0]) for who, text in out.items()}

    def probe(self, ask):
        self.probes["victim"] = Probe(ask)
        return self.probes["victim"]

    def ask(self, stack, stage, path="/", method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection(self.gateway, timeout=120)
        try:
            port = self.gateway.rpartition(":")[2]
            connection.request(method, path, body=body, headers={"Host": f"{stage}.{stack}.localhost:{port}", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()
