"""A clock that jumps, ports that are taken, a history of ten thousand deployments, two servers on one folder."""
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

from day import Failure, Skipped, until

DAY = 24 * 3600


class Clock:
    """The server's time of day, and that of every command, off by as much as it is set."""

    def __init__(self, day):
        compiler = next((name for name in ("cc", "gcc", "g++") if shutil.which(name)), None)
        if not compiler:
            raise Skipped("needs a C compiler, for a clock of its own")
        library = day.root / "clock.so"
        subprocess.run([compiler, "-x", "c", "-O1", "-shared", "-fPIC", "-o", library, Path(__file__).parent / "clock.c"], check=True)
        self.file = open(day.root / "offset", "wb", buffering=0)
        os.chmod(day.root / "offset", 0o644)
        self.set(0)
        day.env.update(LD_PRELOAD=str(library), DAY_OFFSET=str(day.root / "offset"))

    def set(self, seconds):
        self.file.seek(0)
        self.file.write(struct.pack("q", seconds))


def clock_jumps(day):
    """A day forward and a day back, each while a build and a start are under way, and across a restart: nothing runs into a
    limit that did not pass, nothing waits for a day, and a person is told."""
    clock = Clock(day)
    day.begin()
    day.app()
    day.probe("hello", "dev")
    change = 1
    for jump, words in ((DAY, "forward"), (0, "back"), (-DAY, "back"), (0, "forward")):
        for step in ("build", "start"):
            change += 1
            name = f"{step}-{change}"
            since = len(day.server_log())
            day.pushed("hello", name, f"{step} waits")
            until(f"the {step} waits", lambda: {"build": "building", "start": "starting"}[step] in day.command("sluice status hello")[1])
            if step == "build":
                clock.set(jump)
                # Something makes the server look at its clock.
                day.do("sluice stage set hello dev --instances 1")
                until("the log says that the clock was set", lambda: f"the clock was set {words} by 1d: what is under way keeps its time limits" in day.server_log()[since:])
                if words == "back":
                    day.do("sluice doctor", "✗ problem Clock", "It is * behind the newest event: one of the two times is wrong.",
                           "→ Set this machine's clock, *", exit=1)
            day.gates.opened.add(f"hello-{name}")
            day.live("hello", "dev", change)
            day.serves("hello", "dev", name)
            # The old version is seen off in its own time, not in a day.
            until("the old version is gone", lambda: day.copies("hello", "dev") == f"#{change} x1\n", 100)
    # While the server was away, too.
    for jump in (DAY, 0):
        change += 1
        day.pushed("hello", f"w{change}", "start waits")
        until("the start waits", lambda: "starting" in day.command("sluice status hello")[1])
        day.kill_server()
        clock.set(jump)
        day.start_server()
        day.gates.opened.add(f"hello-w{change}")
        done, told = day.command(f"sluice wait hello dev --change {change} --timeout 60s")
        if done != 0:  # its ten minutes have passed, by every clock that there is
            day.see("sluice wait", told, f"sluice: #{change} failed at dev: *")
        until("what is left is gone", lambda: "x1\n" in day.copies("hello", "dev") and day.copies("hello", "dev").count("#") == 1, 100)
    change += 1
    day.pushed("hello", "last")
    day.live("hello", "dev", change)
    day.serves("hello", "dev", "last")
    day.none_failed("hello", "dev")


def listen(port=0):
    one = socket.create_server(("127.0.0.1", port))
    return one, one.getsockname()[1]


def ports_taken(day):
    day.begin()
    day.app()
    api, gateway = (int(address.rpartition(":")[2]) for address in (day.api, day.gateway))
    day.stop_server()
    day.do("sluice down --data $DATA")
    for port, option, words in ((api, "--listen", f"sluice serve: 127.0.0.1:{api} is taken by another program; stop it or listen on another port"),
                                (gateway, "--gateway", f"sluice serve: starting the gateway: the gateway's port 127.0.0.1:{gateway} is taken "
                                                       f"by another program: choose another with --gateway 127.0.0.1:PORT (0: any free one)")):
        taken, _ = listen(port)
        with taken:
            day.refuses_to_start(words, more=(option, f"127.0.0.1:{port}"))
        day.do("sluice down --data $DATA")  # the gateway may have come up before it
    # Free again: all is as it was.
    day.start_server()
    day.serves("hello", "dev", "first")

    # The API's alone while the apps run: they go on.
    day.stop_server()
    taken, _ = listen(api)
    with taken:
        day.refuses_to_start("sluice serve: *is taken by another program*", more=("--listen", f"127.0.0.1:{api}"))
        day.serves("hello", "dev", "first")
    day.start_server()

    # A port that nobody typed gives way, and it is said.
    other = day.root / "other"
    taken = []
    for port in (7420, 8080):
        try:
            taken.append(listen(port)[0])
        except OSError:
            pass  # somebody else's, which is as good
    log = day.root / "other.log"
    with open(log, "wb") as out:
        second = subprocess.Popen([day.sluice, "serve", "--data", str(other)], env=day.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        until("the second server is ready", lambda: second.poll() is not None or "is ready" in log.read_text())
        day.see("its log", log.read_text(), "*the gateway's port 8080 is taken by another program: taking a free one instead")
        day.see("its log", log.read_text(), "*the API's port 7420 is taken by another program: taking a free one instead")
    finally:
        second.send_signal(signal.SIGTERM)
        second.wait(30)
        for one in taken:
            one.close()
        day.do(f"sluice down --data {other}")


def two_servers(day):
    day.begin()
    day.app()
    day.refuses_to_start(f"sluice serve: another server works in {day.data} ({day.api}, process {day.server.pid}); stop it first, "
                         "or name another folder with --data")
    day.do("sluice status hello", "dev * live #1 *")
    day.kill_server()
    # Two at the same moment: one of them works.
    words = [day.sluice, "serve", "--data", str(day.data), "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]
    (day.data / "server.json").unlink(missing_ok=True)
    logs = [open(day.root / f"{number}.log", "wb") for number in range(2)]
    both = [subprocess.Popen(words, env=day.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log) for log in logs]
    try:
        until("one of them has ended", lambda: any(one.poll() is not None for one in both))
        until("the other is ready", lambda: any("is ready" in Path(log.name).read_text() for log in logs))
        loser = next(number for number, one in enumerate(both) if one.poll() is not None)
        day.see("the second", Path(logs[loser].name).read_text(), "sluice serve: another server works in *")
        if both[1 - loser].poll() is not None:
            raise Failure("both have ended")
    finally:
        for one in both:
            if one.poll() is None:
                one.terminate()
            one.wait(30)
        for log in logs:
            log.close()
    day.start_server()
    day.serves("hello", "dev", "first")


# --- ten thousand deployments ---

def seed(file, deployments):
    """Of a stack that ran one change, the history of so many: each with its change, its events and its steps."""
    db = sqlite3.connect(file)
    rows = lambda table: db.execute(f"select * from {table}").fetchall()
    names = lambda table: [column[1] for column in db.execute(f"pragma table_info({table})")]
    change, deployment, steps = rows("changes")[0], rows("deployments")[0], rows("steps")
    columns = names("deployments")
    flow = [row for row in rows("events") if row[6] in ("CheckedIn", "DeploymentQueued", "DeploymentStarted", "StepBegan", "ArtifactBuilt",
                                                         "InstancesStarted", "DeploymentEnded", "RetireBegan", "RetireEnded")]
    seq = db.execute("select max(seq) from events").fetchone()[0]
    identity, number = deployment[columns.index("id")], change[1]
    last = number + deployments
    for n in range(number + 1, last + 1):
        fresh = f"{identity}{n:06d}"
        new_change = list(change)
        new_change[1] = n
        db.execute(f"insert into changes values({','.join('?' * len(change))})", new_change)
        ended = seq
        for row in flow:
            seq += 1
            body = row[7].replace(identity, fresh).replace(f'"number":{number}', f'"number":{n}')
            db.execute("insert into events values(?,?,?,?,?,?,?,?)", (seq, *row[1:7], body))
            if row[6] == "DeploymentEnded":
                ended = seq
        values = dict(zip(columns, deployment))
        values.update(num=deployment[0] + n, id=fresh, change=n, attempt=n, ended_seq=ended)
        db.execute(f"insert into deployments values({','.join('?' * len(columns))})", [values[name] for name in columns])
        for step in steps:
            db.execute(f"insert into steps values({','.join('?' * len(step))})", (values["num"], *step[1:]))
    stack, state = db.execute("select num, state from stacks").fetchone()
    state = json.loads(state)
    state["version"] += deployments * len(flow)
    state["newest"]["number"] = last
    stage = state["stages"][0]
    stage["mark"] = last
    db.execute("update stacks set state = ?, version = ? where num = ?", (json.dumps(state), state["version"], stack))
    db.commit()
    db.close()
    return last


def history(day, deployments=10_000):
    """It starts, answers and prints as it does with none, but for what a longer history takes to find."""
    day.begin()
    day.app()

    def measured():
        figures = {}

        def take(name, act, times=5):
            taken = []
            for _ in range(times):
                begin = time.monotonic()
                act()
                taken.append(time.monotonic() - begin)
            figures[name] = sorted(taken)[len(taken) // 2]

        take("sluice status", lambda: day.do("sluice status hello"))
        take("sluice deployments", lambda: day.do("sluice deployments hello dev"))
        take("the page of the stack", lambda: day.get("/stacks/hello"))
        take("the page of deployments", lambda: day.get("/stacks/hello/deployments?limit=50"))
        take("the page of changes", lambda: day.get("/stacks/hello/changes?limit=50"))
        take("the audit trail", lambda: day.get("/audit?limit=50"))
        take("sluice doctor", lambda: day.do("sluice doctor", exit=None), 3)

        def again():
            day.stop_server()
            day.start_server()

        take("a start", again, 3)
        return figures

    few = measured()
    day.stop_server()
    last = seed(day.data / "sluice.db", deployments)
    day.start_server()
    many = measured()
    for name, took in many.items():
        print(f"     {name}: {few[name] * 1000:.0f} ms with one deployment, {took * 1000:.0f} ms with {deployments:,}", flush=True)
        if took > 8 * few[name] + 0.5:
            raise Failure(f"{name} takes {took:.2f} s with {deployments:,} deployments, and {few[name]:.2f} s with one")
    # To the end of the list, page by page, none missed and none twice.
    seen, path = [], "/stacks/hello/deployments?limit=200"
    while path:
        page = day.get(path)
        seen += [one["change"] for one in page["items"]]
        path = page.get("next") and f"/stacks/hello/deployments?limit=200&after={page['next']}"
    if sorted(seen) != list(range(1, last + 1)):
        raise Failure(f"the pages show {len(seen)} deployments, of {len(set(seen))} changes, not {last}")
    day.pushed("hello", "one more")
    day.live("hello", "dev", last + 1)
    day.serves("hello", "dev", "one more")
