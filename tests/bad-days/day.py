"""A server for one bad day: the scenarios' world, a disk of its own where a case wants one, and what deaths need."""
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenarios"))
from scenario import complaint  # noqa: E402
from world import Probe, World  # noqa: E402


class Failure(Exception):
    pass


class Skipped(Exception):
    pass


def until(what, condition, seconds=60.0, pause=0.05):
    """The first true answer of condition(); a Failure naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failure(f"not within {seconds:.0f} s: {what}")
        time.sleep(pause)


class Day(World):
    def __init__(self, name, sluice, disk=None):
        """`disk`: the size of a file system of its own for the data directory, as mount takes it; root only."""
        if disk and os.geteuid() != 0:
            raise Skipped("needs root, for a small disk of its own")
        super().__init__(f"day-{name}", sluice)
        self.disk = disk
        if disk:
            self.data.mkdir()
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk},mode=755", "sluice-day", self.data],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                self.disk = None
                super().tear_down()
                self.remove()
                raise Skipped(f"this machine mounts no tmpfs: {done.stderr.strip()}")
        self.followers = []

    # --- beginnings ---
    def begin(self):
        self.start_server()
        self.sign_in()

    def app(self, *stages, stack="hello", words="first", manner=()):
        """A stack with the stages, ("dev") or ("prod --approval"), beside dev, and a first change that dev runs."""
        self.do(f"sluice stack create {stack}")
        for stage in stages:
            self.do(f"sluice stage add {stack} {stage}")
        self.pushed(stack, words, *manner)
        self.live(stack, "dev", 1)

    # --- acting and seeing ---
    def see(self, what, output, *patterns):
        wrong = complaint([("!", p[2:]) if p.startswith("! ") else ("", p) for p in patterns], output)
        if wrong:
            raise Failure(f"{what}\n  {wrong}\n  it said:\n    " + "\n    ".join(output.rstrip().splitlines()[-40:]))
        return output

    def do(self, command, *patterns, exit=0):
        status, output = self.command(command)
        if exit is not None and status != exit:
            raise Failure(f"{command}: exit status {status}, not {exit}:\n    {output.strip()}")
        return self.see(command, output, *patterns)

    def pushed(self, stack, words, *manner):
        status, output = self.push(stack, words, *manner)
        if status != 0:
            raise Failure(f"pushing {words}: exit status {status}:\n    {output.strip()}")
        return output

    def live(self, stack, stage, change):
        return self.do(f"sluice wait {stack} {stage} --change {change} --timeout 100s")

    def serves(self, stack, stage, words, seconds=60.0):
        def answers():
            try:
                status, body = self.ask(stack, stage)
            except (OSError, http.client.HTTPException):
                return False
            return status == 200 and body.startswith(words + "\n")

        return until(f"{stage} of {stack} answers {words!r}", answers, seconds)

    def get(self, path):
        status, text = self.call_api("GET", path)
        if status != 200:
            raise Failure(f"GET {path}: {status} {text[:300]}")
        return json.loads(text)

    def deployments(self, stack="hello"):
        return self.get(f"/stacks/{stack}/deployments?limit=100")["items"]

    def probe(self, stack, stage):
        self.probes[stack, stage] = Probe(lambda: self.ask(stack, stage))

    def none_failed(self, stack, stage):
        told = self.probes.pop((stack, stage)).stop()
        if not told.startswith("0 failures in ") or told.startswith("0 failures in 0 "):
            raise Failure(f"requests to {stage} of {stack}: {told}")

    def new_log(self, since, *patterns):
        return self.see("the server's log", self.server_log()[since:], *patterns)

    def refuses_to_start(self, *patterns, more=()):
        """A start that ends by itself, saying why."""
        words = [self.sluice, "serve", "--data", str(self.data), *more]
        for option in ("--listen", "--gateway"):
            words += [] if option in more else [option, "127.0.0.1:0"]
        done = subprocess.run(words, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=60)
        if done.returncode != 1:
            raise Failure(f"the server ended with {done.returncode}, not 1: {done.stdout}")
        return self.see("sluice serve", done.stdout, *patterns)

    # --- deaths ---
    def restart(self):
        self.kill_server()
        self.start_server()

    def kill_on(self, wanted):
        """A thread that kills the server as soon as an event is `wanted`; join() it. The server is followed from now on."""
        return Follower(self, wanted)

    def ours(self, *names):
        """Processes of this data directory, by the name of their program; all where none is named."""
        found = []
        for line in self.processes_left():
            pid = int(line.split()[0])
            try:
                name = Path(f"/proc/{pid}/comm").read_text().strip()
            except OSError:
                continue
            if pid != self.server.pid and (not names or name in [wanted[:15] for wanted in names]):
                found.append(pid)
        return found

    def supervisor_of(self, service):
        for pid in self.ours("s6-supervise"):
            try:
                if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1].decode() == service:
                    return pid
            except (OSError, IndexError):
                continue
        raise Failure(f"{service} has no s6-supervise")

    def services(self):
        return sorted(path.name for path in (self.data / "s6/services").iterdir() if not path.name.startswith("."))

    @staticmethod
    def kill(*pids):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def lose_power(self):
        """Everything that this data directory's server ever started dies; the files stay."""
        self.kill_server()

        def all_dead():
            self.kill(*self.ours())
            return not self.ours()

        until("everything is dead", all_dead, 20)

    # --- the end ---
    def tear_down(self):
        for follower in self.followers:
            follower.stop()
        note = self.data / "cgroups"
        groups = [Path(line) for line in note.read_text().split() if line.startswith("/")] if note.is_file() else []
        if self.disk:  # however full or read-only a case left it
            subprocess.run(["mount", "-o", f"remount,rw,size={self.disk}", self.data], capture_output=True)
            (self.data / "fill").unlink(missing_ok=True)
        problems = super().tear_down()
        problems += [f"a cgroup is left behind: {group}" for group in groups if group.is_dir()]
        if self.disk:
            done = subprocess.run(["umount", self.data], capture_output=True, text=True)
            if done.returncode != 0:
                subprocess.run(["umount", "-l", self.data], capture_output=True)
                problems.append(f"the disk could not be unmounted: {done.stderr.strip()}")
        return problems


class Follower:
    def __init__(self, day, wanted):
        self.day, self.wanted, self.seen, self.ending = day, wanted, None, False
        host, _, port = day.api.removeprefix("http://").rpartition(":")
        token = json.loads((day.home / "config/sluice/config.json").read_text())["token"]
        self.connection = http.client.HTTPConnection(host, int(port), timeout=120)
        self.connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"})
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise Failure(f"the events cannot be followed: {self.answer.status}")
        day.followers.append(self)
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        try:
            while True:
                line = self.answer.fp.readline()
                if not line:
                    return
                if not line.startswith(b"data:"):
                    continue
                event = json.loads(line[5:])
                if self.wanted(event):
                    self.seen = event
                    self.day.server.send_signal(signal.SIGKILL)
                    return
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            return

    def join(self):
        self.thread.join(120)
        if not self.seen:
            self.stop()
            raise Failure("the event to kill the server at never came")
        self.day.server.wait()
        self.stop()

    def stop(self):
        if self.ending:
            return
        self.ending = True
        if self.connection.sock:
            try:
                self.connection.sock.shutdown(2)
            except OSError:
                pass
        self.thread.join(10)
        self.connection.close()


def installed(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        raise Skipped(f"{' and '.join(missing)} not installed: script/setup test installs what the tests use")
