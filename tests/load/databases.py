"""Databases of stages: the walls between them, and PostgreSQL killed under writes."""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import uuid

from apps import keeping
from load import App, wait_for

OWNER = "sluice"  # the role that owns the cluster


def two_stages(lab):
    """dev and prod of one stack, a database each."""
    app = App(lab, "kept", keeping((pathlib.Path(__file__).parent / "attempts.py").read_text()), "--database", "new")
    lab.run("stage", "add", app.name, "prod", "--database", "new")
    lab.run("wait", app.name, "prod", "--timeout", "2m")
    return {stage: lab.address(app.name, stage).netloc for stage in ("dev", "prod")}


def post(lab, host, words, path="/"):
    connection = http.client.HTTPConnection(lab.gateway, timeout=300)
    try:
        connection.request("POST", path, body=words, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def walls(check, lab, long):
    hosts = two_stages(lab)
    ids = {stage: json.loads(lab.run("stage", "show", "kept", stage, "--json"))["id"] for stage in hosts}
    words = {stage: uuid.uuid4().hex for stage in hosts}
    for stage, host in hosts.items():
        post(lab, host, words[stage])
    post(lab, hosts["prod"], "", "/hold")  # a connection that could be seen, and ended
    _, said = post(lab, hosts["dev"], f"{ids['prod']} {OWNER}", "/attempts")
    tried = json.loads(said)
    _, password = post(lab, hosts["prod"], "", "/password")
    check("the app that tries is let into its own database", tried["own"] == [words["dev"]], tried["own"])
    check("it finds its own login", any(word.startswith("postgresql://") for word in tried["found"]["logins"]))
    check("it sees that there is another", ids["prod"] in tried["seen"])
    for kind, name in (("statements", "statement"), ("logins", "login")):
        through = [one for one in tried[kind] if not one["refused"]]
        check(f"{len(tried[kind])} {kind}: each refused", not through, "; ".join(str(one[name]) for one in through))
    check("no socket of PostgreSQL is in reach", not [path for path in tried["sockets"] if "PGSQL" in path], tried["sockets"])
    check("no key, file or folder of the server is in sight", not tried["found"]["keys"], tried["found"]["keys"])
    check("neither a row nor the password of the other came to light", words["prod"] not in said and password not in said)


class Writers:
    """Writes at a stage, all the time; remembers what was acknowledged."""

    def __init__(self, lab, host, threads=3):
        self.lab, self.host = lab, host
        self.kept, self.refused = [], 0
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.loop) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def loop(self):
        while not self.ending.is_set():
            word = uuid.uuid4().hex
            begin = time.monotonic()
            try:
                status, _ = post(self.lab, self.host, word)
            except (OSError, http.client.HTTPException):
                status = 0
            if status == 200:
                self.kept.append((begin, word))
            else:
                self.refused += 1
                self.ending.wait(0.02)

    def wrote_since(self, moment):
        """Twenty writes that were begun later are acknowledged."""
        return sum(begin > moment for begin, _ in self.kept[-40:]) >= 20

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def killed(check, lab, long):
    times = 10 if not long else 50
    hosts = two_stages(lab)
    note = lab.data / "databases/postgres/cluster/postmaster.pid"
    writers = {stage: Writers(lab, host) for stage, host in hosts.items()}
    took = []

    def other_than(old):
        try:
            pid = int(note.read_text().splitlines()[0])
            os.kill(pid, 0)
            return pid if pid != old else None
        except (OSError, ValueError, IndexError):
            return None

    try:
        for _ in range(times):
            moment = time.monotonic()
            wait_for(lambda: all(one.wrote_since(moment) for one in writers.values()), "writes in both stages")
            pid = other_than(None)
            os.kill(pid, signal.SIGKILL)
            begin = time.monotonic()
            wait_for(lambda: other_than(pid), "PostgreSQL's return", 60)
            moment = time.monotonic()
            wait_for(lambda: all(one.wrote_since(moment) for one in writers.values()), "writes after PostgreSQL was killed", 60)
            took.append(time.monotonic() - begin)
    finally:
        for one in writers.values():
            one.stop()
    lost = total = 0
    for stage, one in writers.items():
        there = set(subprocess.run([lab.sluice, "db", "kept", stage], env=lab.env, input="select id from kept;\n", text=True,
                                   capture_output=True, check=True).stdout.split())
        total += len(one.kept)
        lost += sum(word not in there for _, word in one.kept)
    refused = sum(one.refused for one in writers.values())
    check(f"PostgreSQL killed {times} times under writes, both stages write again by themselves within {max(took):.1f} s",
          len(took) == times)
    check(f"of {total:,} acknowledged writes none is lost ({refused:,} were refused)", lost == 0 and total > 100,
          f"{lost} are" if lost else "")
