"""A world with people in it: each acts with a token of their own, and repeats what got no answer until one comes."""
import copy
import http.client
import itertools
import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenarios"))
from world import World  # noqa: E402

DONE = 299  # no answer of the API's
ANSWER_LIMIT = 120.0  # seconds until somebody who was given no answer gives up
LOWEST_PORT, HIGHEST_PORT = 15_000, 30_000


def port_of_our_own(dice):
    """Below those that the kernel hands to connections: while a dead server's or gateway's port is free, no connection gets it."""
    lowest_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = dice.randrange(LOWEST_PORT, min(HIGHEST_PORT, lowest_given))
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no port is free")


class Town(World):
    def __init__(self, sluice):
        super().__init__("chaos", sluice)
        dice = random.Random()  # what is free has nothing to do with the seed
        self.api = f"http://127.0.0.1:{port_of_our_own(dice)}"
        self.gateway = f"127.0.0.1:{port_of_our_own(dice)}"
        self.starting = threading.Lock()
        self.ended_by_itself = []
        self.broken = []  # answers that no request may get
        self.over = threading.Event()  # nobody will bring the server back: nobody waits for it

    def start_but_kill(self, after):
        """kill -9 in the middle of a start."""
        note = self.data / "server.json"
        note.unlink(missing_ok=True)
        command = [self.sluice, "serve", "--data", str(self.data), "--listen", self.api.removeprefix("http://"), "--gateway", self.gateway]
        with open(self.root / "server.log", "ab") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
            try:
                server.wait(timeout=after)
                self.ended_by_itself.append(f"in its start, with {server.returncode}")
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGKILL)
                server.wait()

    def person(self, name):
        """The same world, seen by somebody who has a token of this name."""
        status, text = self.call_api("POST", "/tokens", json.dumps({"name": name, "role": "admin"}))
        if status != 201:
            raise RuntimeError(f"a token for {name}: {status} {text}")
        other = copy.copy(self)
        other.env = dict(self.env, SLUICE_TOKEN=json.loads(text)["token"])
        other.name = name
        other.keys = itertools.count(1)
        return other

    def request(self, method, path, body=None):
        """Status and JSON of an answer. What got none is sent again until there is one, a POST with the same Idempotency-Key; when
        that says that it was done by a server that died before it answered, the status is DONE."""
        headers = {"Authorization": f"Bearer {self.env['SLUICE_TOKEN']}"}
        text = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            text = json.dumps(body)
        if method == "POST":
            headers["Idempotency-Key"] = f"{self.name}-{next(self.keys)}"
        limit = time.monotonic() + ANSWER_LIMIT
        while True:
            try:
                connection = http.client.HTTPConnection(self.api.removeprefix("http://"), timeout=30)
                connection.request(method, "/api/v1" + path, body=text, headers=headers)
                answer = connection.getresponse()
                said = answer.read().decode()
                connection.close()
                if answer.status >= 500 and answer.status != 503:
                    self.broken.append(f"{method} {path}: {answer.status} {said[:300]}")
                if answer.status == 409 and "was done, and its answer was not kept" in said:
                    return DONE, {}
                worked_on = answer.status == 409 and "is still being worked on" in said
                if answer.status != 503 and not worked_on:
                    return answer.status, json.loads(said) if said else {}
                problem = f"{answer.status} {said[:300]}"
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = repr(error)
            if time.monotonic() > limit or self.over.is_set():
                raise RuntimeError(f"{method} {path}: no answer within {ANSWER_LIMIT:.0f} s; the last: {problem}")
            time.sleep(0.1)

    def all_of(self, path):
        """Every item of a list that comes in pages."""
        items, after = [], ""
        while True:
            mark = "&" if "?" in path else "?"
            status, page = self.request("GET", f"{path}{mark}limit=200" + (f"&after={after}" if after else ""))
            if status != 200:
                raise RuntimeError(f"GET {path}: {status} {page}")
            items += page["items"]
            after = page.get("next")
            if not after:
                return items
