"""What a hostile case stands on: a server (World of tests/scenarios), a stack of the case's own that serves "good" before
anything bad comes, and a look at everything that the bad thing may have left behind."""
import contextlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

from cases import Options
from world import Probe, World

PATIENCE = 150.0  # seconds, for what takes a moment on an idle machine

APP = '''import http.server
import os
import signal
import sys
import time

PORT = int(os.environ["PORT"])


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, "good\\n")

    def answer(self, status, words, **headers):
        body = words.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def serve(answer=Answer, port=PORT):
    http.server.ThreadingHTTPServer.request_queue_size = 128
    http.server.ThreadingHTTPServer(("127.0.0.1", port), answer).serve_forever()
'''
START = "#!/bin/sh\nexec python3 main.py\n"
GOOD = "from app import serve\nserve()\n"


# Wants one process more all the time, and is content with what it gets: a bomb that goes on forking busily keeps a small machine
# from everything else, which says nothing more.
FORKS = """python3 -c '
import os
import time
while True:
    try:
        if os.fork() == 0:
            time.sleep(100000)
    except OSError:
        time.sleep(0.1)
'
"""


class Wrong(Exception):
    """What was seen is not what must be seen."""


class Skipped(Exception):
    pass


class Stand(World):
    """The server of some cases, which run side by side."""

    def __init__(self, name, sluice, user=None):
        super().__init__(f"hostile-{name}", sluice)
        if user:  # root plays this one, who starts the server and asks it
            (self.bin / "sluice").unlink()
            self.sluice = str(self.bin / "sluice")
            (self.bin / "sluice").write_text(f"#!/bin/sh\nexec setpriv --reuid {user} --regid {user} --clear-groups {sluice} \"$@\"\n")
            (self.bin / "sluice").chmod(0o755)
            for folder in (self.root, self.home, self.bin):
                os.chown(folder, user, user)
        self.options = ["--builds", "8"]  # no case waits for another's build

    def start(self):
        self.start_server()
        self.sign_in()
        self.mounts = Path("/proc/mounts").read_text()
        return self

    def processes(self):
        """Of this server, by what tells whose they are: pid -> command line, environment, folder, mounts."""
        root = str(self.root).encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            marks = b""
            for name in ("cmdline", "environ", "mountinfo"):
                try:
                    marks += (folder / name).read_bytes() + b"\0"
                except OSError:
                    pass
            try:
                marks += os.fsencode(os.readlink(folder / "cwd"))
            except OSError:
                pass
            if root in marks:
                found[int(folder.name)] = marks
        return found

    def groups(self):
        """Names of the cgroups of this server's builds, commands and instances."""
        try:
            note = (self.data / "cgroups").read_text()
        except OSError:
            return set()
        mine = set(re.findall(r"sluice-[0-9a-f]+", note))
        tops = [top for top in Path("/sys/fs/cgroup").iterdir()] + [Path("/sys/fs/cgroup")]
        return {child.name for top in tops for name in mine if (top / name).is_dir() for child in (top / name).iterdir()
                if child.is_dir() and child.name != "server"}

    def rest(self):
        """What is there although nothing is under way and every stage serves what it should: none of it should be."""
        left = [f"{name} in {folder}/" for folder in ("work", "scratch") for name in os.listdir(self.data / folder)]
        left += [f"the mount {line}" for line in Path("/proc/mounts").read_text().splitlines()
                 if str(self.root) in line and line not in self.mounts]
        left += [f"the cgroup {name}" for name in self.groups() if not name.startswith("dep_") or name.count(".") < 2]
        work = str(self.data / "work").encode()
        left += [f"the process {pid} of a build: {short(marks)}" for pid, marks in self.processes().items() if work in marks]
        return left


@contextlib.contextmanager
def own_server(name, user=None, options=None, disk=None):
    """A server for one case, with its data on a small disk of its own where one is asked for; at its end nothing may be left."""
    stand = Stand(name, Options.sluice, user)
    stand.options = options or stand.options
    if disk:
        stand.data.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk}", "sluice-hostile", stand.data], check=True)
    try:
        stand.start()
        yield stand
        if left := stand.rest():
            raise Wrong("left behind: " + "; ".join(left))
    finally:
        problems = stand.tear_down()
        if disk:
            subprocess.run(["umount", stand.data], check=True)
        stand.remove()
    if problems:
        raise Wrong("\n".join(problems))


def short(marks):
    return marks.split(b"\0\0")[0].replace(b"\0", b" ").decode(errors="replace")[:200]


class Case:
    """One stack with one stage, dev; what is pushed to it, what became of it, what is left of it."""

    def __init__(self, stand, name):
        self.stand, self.name = stand, name
        self.change = 0
        self.repo = stand.root / f"repo-{name}"
        self.ended = []  # deployments that must have left nothing
        self.probe = None
        self.failures_allowed = 0

    # --- acting ---
    def sluice(self, words, status=0):
        done, out = self.stand.command(f"sluice {words}")
        if done != status:
            raise Wrong(f"sluice {words}: exit status {done}, not {status}: {out.strip()[-600:]}")
        return out

    def api(self, path, method="GET", body=None):
        status, text = self.stand.call_api(method, path, json.dumps(body) if body is not None else None)
        if status >= 300:
            raise Wrong(f"{method} {path}: {status}: {text[:400]}")
        return json.loads(text) if text else None

    def git(self, *words):
        status, out = self.stand.git(self.repo, *words)
        if status != 0:
            raise Wrong(f"git {' '.join(words)}: {out.strip()[-600:]}")
        return out

    def make(self):
        self.sluice(f"stack create {self.name}")
        self.repo.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "credential.helper", "!sluice git-credential")
        self.git("remote", "add", "origin", f"{self.stand.api}/git/{self.name}.git")

    def good(self):
        """The stage serves a good version, and is asked for it from now on."""
        self.make()
        self.push(main=GOOD)
        self.succeeded()
        self.probe = Probe(lambda: self.ask())

    def push(self, main=None, toml=None, build=None, files=None, without=()):
        """A new version: what main.py does, what sluice.toml says, other files. What is not said is as in a good one."""
        for old in self.repo.iterdir():
            if old.is_file() or old.is_symlink():
                old.unlink()
        wanted = {"app.py": APP, "main.py": main or GOOD, "start.sh": START, **(files or {})}
        if build is not None:
            wanted["build.sh"] = build
            toml = '[build]\ncommand = "sh build.sh"\n' + (toml or "")
        if toml is not None:
            wanted["sluice.toml"] = toml
        for name, text in wanted.items():
            if name in without:
                continue
            (self.repo / name).parent.mkdir(parents=True, exist_ok=True)
            (self.repo / name).write_text(text)
        if (self.repo / "start.sh").exists():
            (self.repo / "start.sh").chmod(0o755)
        return self.commit()

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"change {self.change + 1}")
        self.git("push", "-q", "origin", "main")
        self.change += 1
        return self.change

    # --- looking ---
    def ask(self, path="/"):
        return self.stand.ask(self.name, "dev", path)

    def stage(self):
        return self.api(f"/stacks/{self.name}/stages/dev")

    def newest(self):
        return self.api(f"/stacks/{self.name}/deployments?stage=dev&limit=1")["items"][0]

    def finding(self, name):
        """Of the server's doctor."""
        return next(one for one in self.api("/doctor")["items"] if one["id"] == name)

    def holds(self, what):
        """Whether limits of this are real here."""
        limits = self.finding("limits")
        return limits["severity"] == "ok" or not re.search(f"not held: [^;]*{what}", limits["detail"])

    def log(self, deployment, step):
        _, text = self.stand.call_api("GET", f"/deployments/{deployment}/log?step={step}")
        return text

    def until(self, what, look, limit=PATIENCE):
        end = time.monotonic() + limit
        while True:
            seen = look()
            if seen:
                return seen
            if time.monotonic() > end:
                raise Wrong(f"{self.name}: not seen within {limit:.0f} s: {what}; the newest is {json.dumps(self.newest())[:900]}")
            time.sleep(0.05)

    def at(self, state):
        """Waits until the newest change's deployment is in this state; its id."""
        def look():
            newest = self.newest()
            if newest["change"] == self.change and newest["state"] in ("succeeded", "failed", "cancelled", "superseded") and \
                    newest["state"] != state:
                raise Wrong(f"change {self.change} {newest['state']} before it was {state}: {newest.get('error')}")
            return newest["id"] if (newest["change"], newest["state"]) == (self.change, state) else None
        return self.until(f"change {self.change} {state}", look)

    def end(self, deployment=None):
        """Of the newest change's deployment."""
        def look():
            newest = self.api(f"/deployments/{deployment}") if deployment else self.newest()
            is_over = newest["state"] in ("succeeded", "failed", "cancelled", "superseded")
            return newest if newest["change"] == self.change and is_over else None
        return self.until(f"the end of change {self.change}", look)

    def succeeded(self):
        ended = self.end()
        if ended["state"] != "succeeded":
            raise Wrong(f"change {self.change} {ended['state']}: {ended.get('error')}")
        return ended

    def failed(self, step, sentence, log=(), state="failed", deployment=None, says_in_log=True):
        """Change, step and sentence of what stopped; that the log says it, too, and the command line."""
        ended = self.end(deployment)
        error = ended.get("error", "")
        first = error.split("\n")[0]
        broken = [one for one in ended["steps"] if one["state"] not in ("succeeded",)]
        where = broken[0]["name"] if broken else "none"
        if ended["state"] != state or where != step or not re.fullmatch(sentence, first):
            raise Wrong(f"change {self.change} should be {state} in {step} with /{sentence}/, but is {ended['state']} in {where} "
                        f"with: {error}")
        if len(first) > 600:
            raise Wrong(f"the sentence has {len(first)} letters: {first}")
        if state == "failed":
            self.ended.append(ended["id"])
            text = self.log(ended["id"], step)
            for wanted in [re.escape("failed: " + first), *log] if says_in_log else []:
                if not re.search(wanted, text):
                    raise Wrong(f"the log of {step} does not say /{wanted}/; it ends: {text[-700:]}")
            if first not in self.sluice(f"deployment {ended['id']}"):
                raise Wrong(f"sluice deployment {ended['id']} does not say: {first}")
            stage = self.stage()
            if (stage["state"], stage["last"]["error"].split("\n")[0]) != ("failed", first) and not stage.get("active"):
                raise Wrong(f"the stage is {stage['state']} and says of its last: {stage['last']}")
        else:
            self.ended.append(ended["id"])
        return ended

    def serves(self, change, words="good"):
        stage = self.stage()
        if stage["current"]["change"] != change:
            raise Wrong(f"change {stage['current']['change']} is current, not {change}")
        status, body = self.ask()
        if status != 200 or body.strip() != words:
            raise Wrong(f"the stage answers {status}, {body[:200]!r}, not {words!r}")

    # --- afterwards ---
    def close(self):
        """The stage went on serving; nothing of what ended is there any more. Raises the first that is not so."""
        if self.probe:
            said = self.probe.stop()
            if int(said.split()[0]) > self.failures_allowed:
                raise Wrong(f"the stage did not go on serving: {said}")
        if self.ended:
            self.until_nothing_is_left()

    def until_nothing_is_left(self):
        end = time.monotonic() + PATIENCE
        while left := self.left():
            if time.monotonic() > end:
                raise Wrong("left behind: " + "; ".join(left[:6]))
            time.sleep(0.1)

    def left(self):
        data, stage = self.stand.data, self.stage()
        if stage.get("active"):
            return ["a deployment is under way"]
        current = stage.get("current", {}).get("deployment", "none")
        left = []
        own = [name for name in os.listdir(data / "stages" / stage["id"]) if name.startswith("dep_")]
        left += [f"the folder stages/{stage['id']}/{name}" for name in own if name != current]
        left += [f"the cgroup {name}" for name in self.stand.groups() if name.split(".")[0] in self.ended]
        services = data / "s6/services"
        left += [f"the service {name}" for name in (os.listdir(services) if services.is_dir() else [])
                 if name.split(".")[0] in self.ended]
        stack = self.api(f"/stacks/{self.name}")["id"]
        marks = [f"{data}/caches/{stack}".encode(), *(name.encode() for name in self.ended)]
        left += [f"the process {pid}: {short(its)}" for pid, its in self.stand.processes().items()
                 if any(mark in its for mark in marks)]
        return left

    def until_nothing_is_left_of_builds(self):
        """What a build that went well left running."""
        def look():
            stack = self.api(f"/stacks/{self.name}")["id"]
            mark = f"{self.stand.data}/caches/{stack}".encode()
            return not any(mark in marks for marks in self.stand.processes().values())
        self.until("the end of what the build left running", look)
