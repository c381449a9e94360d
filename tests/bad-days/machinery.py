"""kill -9 of what Sluice stands on: HAProxy, s6, and everything at once, as when the machine loses power."""
import http.client
import os
import re
import subprocess
import time
from pathlib import Path

from day import Failure, installed, until


def in_a_row(day, stages, count=30):
    """What was wrong first, or nothing."""
    for stack, stage, words in stages * count:
        try:
            status, body = day.ask(stack, stage)
        except (OSError, http.client.HTTPException) as error:
            return repr(error)
        if status != 200 or not body.startswith(words + "\n"):
            return f"{stage} of {stack} answers {status} {body[:100]!r}"
    return None


def took(day, what, stages):
    """Says how long it takes until all of them answer with their words again, many times in a row."""
    begin = time.monotonic()
    until(f"all answer again after {what}", lambda: in_a_row(day, stages) is None)
    print(f"     {what}: all answer again after {time.monotonic() - begin:.1f} s", flush=True)


def one_gateway(day):
    """Two HAProxies would share the port, and one of them would know nothing of what changes."""
    def one():
        masters = [pid for pid in day.ours("haproxy") if b"-sf" not in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                   and parent_of(pid) not in day.ours("haproxy")]
        return len(masters) == 1

    until("there is one HAProxy", one)


def none_fails(day, stages):
    wrong = in_a_row(day, stages, 100)
    if wrong:
        raise Failure(f"after everything came back {wrong}")


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def haproxy(day):
    day.begin()
    day.app("prod")
    day.live("hello", "prod", 1)
    stages = [("hello", "dev", "first"), ("hello", "prod", "first")]
    for what in ("worker", "master", "all", "s6-supervise"):
        pids = day.ours("haproxy")
        masters = [pid for pid in pids if parent_of(pid) not in pids]
        if what == "s6-supervise":
            day.kill(day.supervisor_of("gateway"))
        else:
            day.kill(*{"worker": [pid for pid in pids if pid not in masters], "master": masters, "all": pids}[what])
        until("what was killed is gone", lambda: not all(Path(f"/proc/{pid}").exists() for pid in pids))
        took(day, f"HAProxy's {what} killed", stages)
        one_gateway(day)
        none_fails(day, stages)
    # What it is told afterwards is known to all that listen.
    day.pushed("hello", "second")
    day.live("hello", "prod", 2)
    none_fails(day, [("hello", "dev", "second"), ("hello", "prod", "second")])
    day.do("sluice doctor", "! ✗ problem *ateway", exit=None)


def s6(day):
    """Without a restart of the server: what is killed comes back by itself."""
    day.begin()
    day.app("prod")
    day.live("hello", "prod", 1)
    stages = [("hello", "dev", "first"), ("hello", "prod", "first")]
    alone = "#1 x1\n"
    for service in [name for name in day.services() if name != "gateway"]:
        day.kill(day.supervisor_of(service))
    took(day, "s6-supervise of the apps killed", stages)
    until("each app runs once", lambda: day.copies("hello", "dev") == alone and day.copies("hello", "prod") == alone)

    for names in (("s6-svscan",), ("s6-svscan", "s6-supervise", "s6-log"), ()):
        since = len(day.server_log())
        day.kill(*(day.ours(*names)))
        until("s6 is there again", lambda: day.ours("s6-svscan"))
        took(day, " and ".join(names or ("everything but the server",)) + " killed", stages)
        until("the server's log says so", lambda: "s6 had ended: it and what it keeps running are started again" in
              day.server_log()[since:])
        until("each app runs once", lambda: day.copies("hello", "dev") == alone and day.copies("hello", "prod") == alone)
        one_gateway(day)
        day.do("sluice doctor", "! ✗ problem *upervisor*", "! ✗ problem *ateway*", exit=None)
    day.pushed("hello", "second")
    day.live("hello", "prod", 2)
    until("each app runs once", lambda: day.copies("hello", "dev") == "#2 x1\n" and day.copies("hello", "prod") == "#2 x1\n")

    # While no server is there it stays dead, and the next start brings all back.
    day.kill_server()
    day.kill(*day.ours("s6-svscan", "s6-supervise", "s6-log"))
    day.start_server()
    took(day, "s6 killed without a server", [("hello", "dev", "second"), ("hello", "prod", "second")])
    one_gateway(day)


def not_brought_back(day):
    """Everything but the server dies, and an app cannot be started again: a person is told, and it comes back with its cause."""
    day.begin()
    day.app("prod")
    day.live("hello", "prod", 1)
    for name, where in (("artifacts", day.data), ("services", day.data / "s6")):
        (where / name).rename(day.data / f"lost-{name}")
    day.kill(*day.ours())
    for stage in ("dev", "prod"):
        until(f"the log names {stage}", lambda: f"the app of {stage}.hello.localhost cannot be started: the artifact" in day.server_log())
    day.new_log(0, "*`sluice redeploy hello dev` builds anew what is missing; it is tried again until it comes back")
    day.do("sluice doctor", "✗ problem Running apps", "*These do not run: hello/dev (the artifact *, hello/prod (the artifact *", exit=1)
    (day.data / "lost-artifacts").rename(day.data / "artifacts")
    for stage in ("dev", "prod"):
        day.serves("hello", stage, "first")
        until(f"the log says that {stage} is back", lambda: f"the app of {stage}.hello.localhost is started again" in day.server_log())
        if day.server_log().count(f"the app of {stage}.hello.localhost cannot") != 1:
            raise Failure(f"the log does not say once that {stage} cannot be started")
    day.do("sluice doctor", "! *These do not run*", exit=None)
    one_gateway(day)


def forced_deletion(day):
    """A stage goes while its database does not answer. What is left is named, and goes with the line that is told."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        installed("postgres")
    day.begin()
    day.do("sluice stack create hello")
    day.do("sluice stage set hello dev --database new")
    day.pushed("hello", "first", "counts visits")
    day.live("hello", "dev", 1)
    heart, lost = day.data / "databases/postgres/cluster/global", day.data / "lost"
    heart.rename(lost)
    day.kill(*day.ours("postgres"))
    day.do("sluice stage delete hello dev --confirm delete")
    until("the deletion says what holds it up", lambda: "the databases do not run" in day.command("sluice doctor")[1])
    day.do("sluice stage delete hello dev --confirm delete --force")
    until("the stage is gone", lambda: not day.get("/stacks/hello")["stages"])
    mark, = (day.data / "databases/stages").iterdir()
    day.do("sluice doctor", "! *whose deletion was forced*", exit=None)  # it may be about to go
    hour_ago = time.time() - 3600
    os.utime(mark, (hour_ago, hour_ago))
    day.do("sluice doctor", f"*The database {mark.name} is left, of a stage whose deletion was forced.", exit=None)
    remedy, = [one["remedy"] for one in day.get("/doctor")["items"] if one["id"] == "leftovers"]
    told = re.fullmatch(r"When nobody wants what is in it, run as the user (\S+): `(.*)`\.", remedy)
    if not told:
        raise Failure(f"the remedy is {remedy!r}")
    lost.rename(heart)
    words = (["runuser", "-u", told[1], "--"] if os.geteuid() == 0 else []) + ["sh", "-c", told[2]]
    run = lambda: subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until("PostgreSQL is back and the line removes the database", lambda: run().returncode == 0 or not mark.exists())
    if mark.exists():
        raise Failure(f"{mark} is still there")
    day.do("sluice doctor", "! *whose deletion was forced*", exit=None)


def machine(day):
    """Everything dies at once, in the middle of a build: `sluice serve` alone brings all back, databases and their content."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        installed("postgres")
    day.begin()
    day.do("sluice stack create hello")
    day.do("sluice stage set hello dev --database new --instances 2")
    day.do("sluice stage add hello prod --approval --database new")
    day.pushed("hello", "first", "counts visits")
    day.live("hello", "dev", 1)
    day.do("sluice stack create other")
    day.pushed("other", "elsewhere")
    day.live("other", "dev", 1)

    def visits():
        status, body = day.ask("hello", "dev", "/visits")
        found = re.search(r"visits (\d+)", body)
        if status != 200 or not found:
            raise Failure(f"the database does not answer: {status} {body}")
        return int(found.group(1))

    before = [visits() for _ in range(3)][-1]
    day.do("sluice wait hello prod --for approval --change 1")
    day.pushed("other", "second", "build waits")
    until("the build runs", lambda: "building" in day.command("sluice status other")[1])
    day.lose_power()
    until("no app runs", lambda: day.copies("hello", "dev") + day.copies("other", "dev") == "none\nnone\n")
    begin = time.monotonic()
    day.start_server()
    day.serves("hello", "dev", "first")
    day.serves("other", "dev", "elsewhere")
    print(f"     the machine restarted: all answer {time.monotonic() - begin:.1f} s after the start", flush=True)
    if visits() != before + 1:
        raise Failure("the database lost what it had acknowledged")
    until("as many instances as before", lambda: day.copies("hello", "dev") == "#1 x2\n")
    # What was pending, is; what was under way, goes on.
    day.do("sluice approve hello prod", "Approved: #1 *")
    day.live("hello", "prod", 1)
    day.gates.opened.add("other-second")
    day.live("other", "dev", 2)
    day.serves("other", "dev", "second")
    day.do("sluice doctor", "! ✗ problem *atabase*", "! ✗ problem *upervisor*", "! ✗ problem *ateway*", exit=None)
