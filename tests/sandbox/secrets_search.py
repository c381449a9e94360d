"""Secrets of every kind, and the search for them: in every file of the data directory, every answer of the API, what the
server and its programs printed, and every command line that was seen. Each may stand in the places that
docs/operating.md names, and nowhere else."""
import base64
import http.client
import json
import os
import re
import stat
import subprocess
import threading
import time
from pathlib import Path

# Where a secret may stand: a pattern of paths beneath the data directory, and which secrets. All of mode 0600, in folders
# of mode 0700.
SEALED = [
    (r"secret\.key", {"the key"}),
    (r"stages/[^/]+/[^/]+/.*setenv", {"a secret variable", "the database's password"}),
    (r"gateway/.*\.pem", {"the certificate's private key"}),
    (r"acme/.*", {"the certificate's private key", "the ACME account's key"}),
]


class Commands:
    """Every command line of the machine, looked at all the time."""

    def __init__(self):
        self.seen = set()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def loop(self):
        while not self.ending.wait(0.01):
            for name in os.listdir("/proc"):
                if name.isdigit():
                    try:
                        with open(f"/proc/{name}/cmdline", "rb") as file:
                            self.seen.add(file.read())
                    except OSError:
                        pass

    def stop(self):
        self.ending.set()
        self.thread.join()


def own_lines(pem):
    """Of a key in PEM: what is it, and no frame."""
    lines = [line for line in pem.splitlines() if line and not line.startswith("-")]
    return lines[len(lines) // 2]


class Secrets:
    def __init__(self, world):
        self.world = world
        self.all = {}  # name: the ways in which it may be written
        self.sealed = set()  # those that were seen where they may stand

    def add(self, name, *ways):
        ways = [one if isinstance(one, bytes) else one.strip().encode() for one in ways]
        if any(len(one) < 8 for one in ways):
            raise RuntimeError(f"{name} is too short to be looked for: {ways}")
        self.all[name] = ways

    def make(self):
        """Those that a person makes, each used once in every way there is."""
        world = self.world
        self.add("a secret variable", world.words["SECRET"])
        self.add("a secret build variable", world.words["BUILT"])
        self.add("the database's password", world.words["PGPASSWORD"])
        self.add("the sign-in code", world.env["CODE"])
        self.add("an admin's token", json.loads((world.home / "config/sluice/config.json").read_text())["token"])
        self.add("a developer's token", json.loads(world.must("sluice token create dev --role developer --json"))["token"])
        key = (world.data / "secret.key").read_bytes().strip()
        self.add("the key", key, key.hex(), key.hex().upper(), base64.b64encode(key), base64.urlsafe_b64encode(key).rstrip(b"="))
        # A private stage, asked with its key in each of the three ways.
        world.must("sluice stage set victim dev --access private && sluice wait victim dev --timeout 2m")
        said = world.must("sluice key create victim dev partner --json")
        self.add("an access key", json.loads(said)["key"])
        access = self.all["an access key"][0].decode()
        basic = base64.b64encode(f"ann:{access}".encode()).decode()
        for header in ({"Authorization": f"Bearer {access}"}, {"X-Api-Key": access}, {"Authorization": f"Basic {basic}"}):
            if world.ask("victim", "dev", headers=header)[0] != 200:
                raise RuntimeError(f"the access key does not open: {list(header)}")
        self.add("an access key, as Basic sends it", basic)
        # A failure whose words hold them.
        world.must("sluice env set victim dev FAILS=1")
        status, said = world.command("sluice wait victim dev --timeout 2m")
        if status == 0 or "released with" not in said + world.must("sluice logs victim dev --release"):
            raise RuntimeError(f"the release command was to fail: {said}")
        world.must("sluice env unset victim dev FAILS && sluice wait victim dev --timeout 2m")
        world.must("sluice stage set victim dev --access public && sluice wait victim dev --timeout 2m")

    def find_certificates(self):
        for file in (self.world.data / "gateway").rglob("*.pem"):
            if "PRIVATE KEY" in (text := file.read_text()):
                self.add("the certificate's private key", own_lines(text[text.index("PRIVATE KEY"):]))
        for file in (self.world.data / "acme").rglob("*key*.pem"):
            if "PRIVATE KEY" in (text := file.read_text()):
                self.add("the ACME account's key", own_lines(text))

    # --- the search ---
    def found_in(self, content):
        return [name for name, ways in self.all.items() if any(way in content for way in ways)]

    def in_files(self):
        """Pairs of a secret and a file that holds it, where it may not; and what is open to others."""
        out = []
        for folder, _below, names in os.walk(self.world.data):
            for one in names:
                path = Path(folder) / one
                if not stat.S_ISREG(path.lstat().st_mode):
                    continue
                content = path.read_bytes()
                if path.suffix == ".zst":
                    content = subprocess.run(["zstd", "-dcq", path], capture_output=True).stdout
                where = str(path.relative_to(self.world.data))
                for name in self.found_in(content):
                    if any(re.fullmatch(pattern, where) and name in names_ for pattern, names_ in SEALED):
                        self.sealed.add(name)
                    else:
                        out.append(f"{name} in {where}")
                    if path.stat().st_mode & 0o077:
                        out.append(f"{where} is open to others")
        return out

    def in_answers(self):
        """Every address of the API that can be asked, with everything there is in its place."""
        world = self.world
        paths = json.loads(self.get("/api/v1/openapi.json")[1])["paths"]
        names = {"stack": ["victim", "hostile", "stopped"], "stage": ["dev"], "kind": ["build", "runtime", "release", "access"]}
        names["deployment"] = [one["id"] for stack in names["stack"]
                               for one in json.loads(self.get(f"/api/v1/stacks/{stack}/deployments")[1]).get("items", [])]
        names["change"] = ["1"]
        asked, out = 0, []
        for path in sorted(one for one, about in paths.items() if "get" in about):
            ways = [path]
            for part in re.findall(r"{(\w+)}", path):
                ways = [way.replace("{" + part + "}", value) for way in ways for value in names.get(part, [])]
            for way in ways:
                if way == "/api/v1/events":
                    way += "?after=0"
                status, text = self.get(way)
                asked += status == 200
                out += [f"{name} in GET {way}" for name in self.found_in(text.encode())]
        return asked, out

    def get(self, path):
        """An answer that does not end is read for a second."""
        connection = http.client.HTTPConnection(self.world.api.removeprefix("http://"), timeout=1)
        text = b""
        try:
            token = self.all.get("an admin's token", [b""])[0].decode()
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            end = time.monotonic() + 3
            try:
                while time.monotonic() < end and (more := answer.read1(65536)):
                    text += more
            except OSError:
                pass
            return answer.status, text.decode(errors="replace")
        finally:
            connection.close()
