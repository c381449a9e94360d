"""kill -9 of the server at each step's beginning, middle and end, and of git in the middle of a push."""
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from day import Failure, installed, until
from witness import STEP, Witness

COMMANDS = ("build", "release", "start", "verify")
TOML = '[build]\ncommand = "python3 step.py build"\n[release]\ncommand = "python3 step.py release"\n' \
       '[verify]\ncommand = "python3 step.py verify"\n'


def push_steps(day, witness, words):
    """An app whose build, release, start and verify the witness sees. Answers once the push is acknowledged."""
    write = day.write_app

    def with_steps(repo, stack, words, manner):
        write(repo, stack, words, manner)
        (repo / "step.py").write_text(STEP.format(port=witness.port, words=words))
        (repo / "sluice.toml").write_text(TOML)
        (repo / "start.sh").write_text("#!/bin/sh\npython3 step.py start\nexec python3 app.py\n")

    day.write_app = with_steps
    try:
        day.see("git push", day.pushed("hello", words), "remote: change #*")
    finally:
        day.write_app = write


def began(step):
    def wanted(event):
        if step in ("queued", "building"):
            return event["type"] == {"queued": "DeploymentQueued", "building": "DeploymentStarted"}[step]
        if step in ("ended", "retired"):
            return event["type"] == {"ended": "DeploymentEnded", "retired": "RetireEnded"}[step]
        return event["type"] == "StepBegan" and event["state"] == step

    return wanted


class Deaths:
    """One server that dies again and again; each deployment must come to its end all the same."""

    def __init__(self, day):
        self.day, self.witness, self.change = day, Witness(), 0
        day.begin()
        day.do("sluice stack create hello")
        self.next()
        day.live("hello", "dev", 1)
        day.probe("hello", "dev")

    def next(self):
        self.change += 1
        self.words = f"n{self.change}"
        push_steps(self.day, self.witness, self.words)

    def over(self):
        """The change is deployed; it serves alone."""
        self.day.live("hello", "dev", self.change)
        self.day.serves("hello", "dev", self.words)

    def at_event(self, step, late=0.0):
        # The push is acknowledged before the server dies, or may not be: both must end well.
        killer = self.day.kill_on(lambda event, wanted=began(step): wanted(event) and (time.sleep(late) or True))
        self.change += 1
        self.words = f"n{self.change}"
        try:
            push_steps(self.day, self.witness, self.words)
        except Failure:
            pass  # cut off: after a kill this early nothing was acknowledged, but the change may be there
        killer.join()
        self.day.start_server()
        if not any(one["change"] == self.change for one in self.day.deployments()):
            self.day.git(self.day.root / "repo-hello", "push", "origin", "main")
        self.over()

    def in_command(self, command):
        held = (command, f"n{self.change + 1}")
        self.witness.hold(*held)
        self.next()
        self.witness.wait(*held)
        self.day.restart()
        self.witness.wait(*held)  # goes on, or was begun anew
        self.witness.let_go(*held)
        self.over()

    def at_command_end(self, command):
        held = (command, f"n{self.change + 1}")
        self.witness.hold(*held)
        self.next()
        self.witness.wait(*held)
        self.witness.let_go(*held)
        self.witness.wait(*held, running=False)
        self.day.restart()
        self.over()

    def close(self):
        day = self.day
        day.none_failed("hello", "dev")
        if self.witness.twice():
            raise Failure("ran twice at once: " + ", ".join(self.witness.twice()))
        until("one app runs, of the newest change", lambda: day.copies("hello", "dev") == f"#{self.change} x1\n")
        found = sorted((one["change"], one["state"]) for one in day.deployments())
        wanted = [(change, "succeeded") for change in range(1, self.change + 1)]
        if found != wanted:
            raise Failure(f"the deployments are {found}, not {wanted}")
        day.do("sqlite3 $DATA/sluice.db 'pragma integrity_check'", "ok")
        self.witness.close()


def server_at_each_begin_and_end(day):
    """R9.1, R9.2. What one step's end is, is the next one's beginning."""
    installed("sqlite3")
    deaths = Deaths(day)
    for step in ("queued", "building", "publishing", "provisioning", "releasing", "starting", "verifying", "switching",
                 "ended", "retired"):
        deaths.at_event(step)
    deaths.close()


def server_in_the_middle(day):
    """R9.1, R9.2. In the middle of each command and just when it has ended; of the short steps a few moments in."""
    installed("sqlite3")
    deaths = Deaths(day)
    for command in COMMANDS:
        deaths.in_command(command)
        deaths.at_command_end(command)
    for step, late in (("publishing", 0.002), ("provisioning", 0.004), ("switching", 0.005), ("switching", 0.02), ("ended", 0.03)):
        deaths.at_event(step, late)
    deaths.close()


def server_while_it_drains_waits_and_cancels(day):
    """A change that waits behind another, a version that drains, a cancel that was acknowledged: R9.1, R8.1."""
    installed("sqlite3")
    witness = Witness()
    day.begin()
    day.do("sluice stack create hello")
    push_steps(day, witness, "n1")
    day.live("hello", "dev", 1)
    day.probe("hello", "dev")
    # A waiting change, and one that supersedes it.
    witness.hold("build", "n2")
    push_steps(day, witness, "n2")
    witness.wait("build", "n2")
    push_steps(day, witness, "n3")
    day.restart()
    push_steps(day, witness, "n4")
    day.restart()
    witness.let_go("build", "n2")
    day.live("hello", "dev", 4)
    # A request that the old version still answers when the server dies.
    witness.hold("release", "n5")
    push_steps(day, witness, "n5")
    witness.wait("release", "n5")
    day.do("sluice cancel hello dev")
    day.restart()
    until("the cancelled deployment has ended",
          lambda: any(one["change"] == 5 and one["state"] == "cancelled" for one in day.deployments()))
    witness.let_go("release", "n5")
    witness.wait("release", "n5", running=False)
    found = sorted((one["change"], one["state"]) for one in day.deployments())
    if found != [(1, "succeeded"), (2, "succeeded"), (3, "superseded"), (4, "succeeded"), (5, "cancelled")]:
        raise Failure(f"the deployments are {found}")
    until("one app runs", lambda: day.copies("hello", "dev") == "#4 x1\n")
    day.none_failed("hello", "dev")
    if witness.twice():
        raise Failure("ran twice at once: " + ", ".join(witness.twice()))
    witness.close()


def server_while_the_old_version_drains(day):
    day.begin()
    day.app(words="first")
    slow = socket.create_connection(tuple(day.gateway.rsplit(":", 1)), timeout=60)
    host = f"dev.hello.localhost:{day.gateway.rpartition(':')[2]}"
    try:
        # Half a request: the old version is not done with it until the rest comes.
        slow.sendall(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 8\r\n\r\nhalf".encode())
        day.pushed("hello", "second")
        day.live("hello", "dev", 2)
        day.restart()
        day.serves("hello", "dev", "second")
    finally:
        slow.close()
    until("the old version is gone", lambda: day.copies("hello", "dev") == "#2 x1\n")


# --- git ---

def big_commit(day, megabytes):
    repo = day.root / "repo-hello"
    (repo / "big").write_bytes(os.urandom(megabytes << 20))
    day.git(repo, "add", "-A")
    day.git(repo, "commit", "-q", "-m", "big")
    return repo


def taking_in(day):
    return set((day.data / "repositories").glob("*.git/objects/tmp_objdir-incoming-*/pack/tmp_pack*"))


def pushing(day, repo):
    """git push in a session of its own, once the server's git takes it in."""
    before = taking_in(day)
    process = subprocess.Popen(["git", "push", "origin", "main"], cwd=repo, env=day.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def taken_in():
        if process.poll() is not None:
            raise Failure(f"the push was over before it could be killed: {process.communicate()[0]}")
        return taking_in(day) - before

    until("the server takes the push in", taken_in, pause=0.001)
    return process


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def group_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def git_in_the_middle_of_a_push(day):
    """No half of a push is ever a change, and the next push works."""
    day.begin()
    day.app()
    day.git(day.root / "repo-hello", "config", "core.compression", "0")
    repo = big_commit(day, 32)

    changes = 1

    def came(how, changes):
        newest = day.get("/stacks/hello/changes?limit=1")["items"][0]
        if newest["number"] != changes:
            raise Failure(f"after {how} the newest change is {newest}, not #{changes}")

    def remains():
        return list((day.data / "repositories").glob("*.git/objects/tmp_objdir-incoming-*"))

    # The pusher's own git, all of it.
    process = pushing(day, repo)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    until("the server's git gives up", lambda: not day.ours("git", "git-http-backend", "git-receive-pack", "git-index-pack"))
    came("a killed git push", changes)

    # The server's.
    for names in (("git-http-backend",), ("git-receive-pack",), ("git-index-pack",), ("git-http-backend", "git-receive-pack", "git-index-pack", "git")):
        process = pushing(day, repo)
        # Their own names differ from one version of git to the next: `git receive-pack` may be a process named git.
        servers = [pid for pid in day.ours("git", *names) if group_of(pid) != process.pid]
        doomed = [pid for pid in servers if names[-1] == "git" or names[0].removeprefix("git-") in command_of(pid)]
        if not doomed:
            raise Failure(f"there is no {names[0]} to kill")
        day.kill(*doomed)
        told = process.communicate(timeout=60)[0]
        # Who is left may bring it to its end: then it is a push like any other.
        if process.returncode == 0 and f"change #{changes + 1} -> dev" in told:
            changes += 1
            came(f"a killed {names[0]}", changes)
            day.live("hello", "dev", changes)
            big_commit(day, 32)
        else:
            if "the push was cut off on the server; push again" not in told and "remote: nothing was taken: " not in told:
                raise Failure(f"a push whose {names[0]} was killed says: {told}")
            day.see("git push", told, "! *no new change*")
            came(f"a killed {names[0]}", changes)

    # The server itself.
    process = pushing(day, repo)
    day.kill_server()
    told = process.communicate(timeout=60)[0]
    if process.returncode == 0:
        raise Failure(f"a push to a killed server went well: {told}")
    day.start_server()
    came("a killed server", changes)

    day.serves("hello", "dev", "first")
    day.see("the next push", day.git(repo, "push", "origin", "main")[1], f"remote: change #{changes + 1} -> dev")
    day.live("hello", "dev", changes + 1)
    until("what the killed pushes left is gone", lambda: not remains())
    day.do("git --git-dir=$(ls -d $DATA/repositories/*.git) -c safe.directory='*' fsck --full", "! *missing*", "! *broken*")
