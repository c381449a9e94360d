"""kill -9, at random by the seed: of the server, the gateway, instances, their supervisors, git, and the whole tree of s6."""
import os
import random
import signal
import threading
import time
from pathlib import Path

# What dies, how often in a hundred.
DEATHS = {"server": 40, "gateway": 12, "instance": 16, "supervisor": 14, "git": 14, "tree": 4}
PAUSES = (1.0, 6.0)  # seconds between two
AWAY = (0.0, 2.5)  # seconds that the server is left dead


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def processes():
    """Every process: its number, its parent's, its arguments and its folder."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        status = read(folder / "stat")
        arguments = read(folder / "cmdline").split(b"\0")
        if not status or not arguments[0]:
            continue
        try:
            where = os.readlink(folder / "cwd")
        except OSError:
            where = ""
        yield int(folder.name), int(status.rpartition(b")")[2].split()[1]), arguments, where


def below(all_of, pid):
    """The numbers of all descendants."""
    children = {}
    for one, parent, _, _ in all_of:
        children.setdefault(parent, []).append(one)
    out, todo = [], [pid]
    while todo:
        todo += children.get(todo[0], [])
        out.append(todo.pop(0))
    return out[1:]


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


class Reaper:
    def __init__(self, town, excuses, seed, tell):
        self.town, self.excuses, self.tell = town, excuses, tell
        self.dice = random.Random(f"{seed} deaths")
        self.counts = dict.fromkeys(DEATHS, 0)
        self.ending = threading.Event()
        self.problem = None
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()

    def loop(self):
        try:
            while not self.ending.wait(self.dice.uniform(*PAUSES)):
                self.look_at_server()
                name = self.dice.choices(list(DEATHS), list(DEATHS.values()))[0]
                if getattr(self, name)():
                    self.counts[name] += 1
        except Exception as error:  # told at the end; nothing else dies any more
            self.problem = error

    def stop(self):
        self.ending.set()
        self.thread.join()
        self.look_at_server()
        if self.problem:
            raise self.problem

    def look_at_server(self):
        if self.town.server.poll() is not None:
            self.town.ended_by_itself.append(f"with {self.town.server.returncode}")
            self.town.start_server()

    # --- what dies ---
    def server(self):
        self.tell("kill the server")
        self.town.kill_server()
        time.sleep(self.dice.uniform(*AWAY))
        if self.dice.random() < 0.3:
            self.tell("kill the server in its start")
            self.town.start_but_kill(self.dice.uniform(0.0, 0.4))
        self.town.start_server()
        return True

    def gateway(self):
        """The master, or the worker that serves."""
        found = [pid for pid, _, arguments, where in processes()
                 if os.path.basename(arguments[0]) == b"haproxy" and where == str(self.town.data / "gateway")]
        if not found:
            return False
        pid = self.dice.choice([min(found), max(found)])
        self.excuses.give()
        self.tell(f"kill HAProxy ({pid})")
        return kill(pid)

    def stage_of(self, pid):
        """Stack and stage of a process of an app of ours."""
        variables = dict(item.split(b"=", 1) for item in read(Path(f"/proc/{pid}/environ")).split(b"\0") if b"=" in item)
        if not self.town.is_ours(variables):
            return None
        return variables.get(b"SLUICE_STACK", b"").decode(), variables.get(b"SLUICE_STAGE", b"").decode()

    def instance(self):
        found = []
        for pid, _, arguments, _ in processes():
            if b"app.py" not in arguments[-1:] and b"app.py" not in arguments:
                continue
            if served := self.stage_of(pid):
                found.append((pid, *served))
        if not found:
            return False
        pid, stack, stage = self.dice.choice(sorted(found))
        self.excuses.give((stack, stage))
        self.tell(f"kill an instance of {stack} {stage} ({pid})")
        return kill(pid)

    def supervisor(self):
        """s6-supervise of one service: an instance and the gateway die with theirs, a log does not."""
        place = str(self.town.data / "s6" / "services") + "/"
        all_of = list(processes())
        found = [(pid, where) for pid, _, arguments, where in all_of
                 if os.path.basename(arguments[0]) == b"s6-supervise" and where.startswith(place)]
        if not found:
            return False
        pid, where = self.dice.choice(sorted(found))
        name = where.removeprefix(place)
        if name == "gateway":
            self.excuses.give()
        elif not name.endswith("/log"):
            for one in below(all_of, pid):
                if served := self.stage_of(one):
                    self.excuses.give(served)
        self.tell(f"kill s6-supervise of {name} ({pid})")
        return kill(pid)

    def git(self):
        """In mid-push, on either side."""
        end = time.monotonic() + 3.0
        while time.monotonic() < end and not self.ending.is_set():
            all_of = list(processes())
            ours = set(below(all_of, self.town.server.pid))
            found = [pid for pid, _, arguments, where in all_of
                     if os.path.basename(arguments[0]).startswith(b"git")
                     and (pid in ours or where.startswith(str(self.town.root / "repo-")))
                     and any(word in b" ".join(arguments) for word in (b"push", b"receive-pack", b"remote-http", b"http-backend", b"index-pack", b"unpack"))]
            if found:
                pid = self.dice.choice(sorted(found))
                self.tell(f"kill git ({pid})")
                return kill(pid)
            time.sleep(0.005)
        return False

    def tree(self):
        """The whole of s6 with all that it keeps running, and the server: what a restart of the machine does."""
        scan = [pid for pid, _, arguments, where in processes()
                if os.path.basename(arguments[0]) == b"s6-svscan" and where in (str(self.town.data / "s6"), str(self.town.data / "s6/scan"))]
        if not scan:
            return False
        self.excuses.give()
        self.tell("kill the tree of s6 and the server")
        self.town.kill_server()
        victims = below(list(processes()), scan[0])
        for pid in (scan[0], *victims):
            kill(pid)
        self.town.start_server()
        self.excuses.give()  # until then nothing could answer
        return True
