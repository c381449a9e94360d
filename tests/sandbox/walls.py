"""One pass: the attempts, what became of what tried, then the search for secrets."""
import ctypes
import shutil
import traceback
import uuid

from hostile import LIBC, Hostile, Machine, processes_with, wait_for
from own_ports import free_ports, own_ports
from secrets_search import Commands, Secrets

DOMAIN = "shop.example.org"
SINCE = {"a port that another app will have again": (4, "6.7"),
         "an abstract Unix socket of the machine": (6, "6.12")}  # Landlock's version, the kernel's


def landlock():
    return LIBC.syscall(444, None, ctypes.c_long(0), ctypes.c_long(1))


class Faces:
    """Whoever answers for the victim while it is attacked."""

    def __init__(self, world):
        self.others = set()
        self.world = world

    def __call__(self):
        status, body = self.world.ask("victim", "dev")
        if body != "the victim":
            self.others.add(body[:100])
        return status, body


def walls(check, world):
    with Machine() as machine:
        gateway, api = free_ports(2)  # among those that a build may listen on
        world.gateway, world.api = f"127.0.0.1:{gateway}", f"http://127.0.0.1:{api}"
        world.start_server()
        world.sign_in()
        certified = all(shutil.which(one) for one in ("pebble", "pebble-challtestsrv", "uacme", "openssl"))
        if certified:
            world.stop_server()
            world.found_authority()
            world.start_server()
        world.neighbours()
        if certified:
            world.must(f"sluice stage set victim dev --domain {DOMAIN}")
        secrets = Secrets(world)
        secrets.make()
        facts = world.facts(machine)
        victims = world.pids_of("victim")
        marks = {who: f"outlives-{who}-{uuid.uuid4().hex}" for who in ("build", "release", "app")}
        faces = Faces(world)
        probe = world.probe(faces)
        tried = world.hostile(facts, marks)
        seen = probe.stop()
        version = landlock()
        for who, result in tried.items():
            for name, through in result["came through"].items():
                least, kernel = SINCE.get(name, (0, ""))
                if version < least:
                    check.skip(f"{who}: {name}", f"this kernel is older than {kernel} or keeps Landlock away")
                else:
                    check(f"{who}: {name}", not through, through)
            check(f"{who}: what ordinary programs do goes on", not result["broken"], result["broken"])
        check("the victim answered all the while, and nobody in its place", seen.startswith("0 failures") and not faces.others,
              f"{seen}; {faces.others}")
        # What an earlier deployment of it left to drain may have ended meanwhile; one that was killed is back by another number.
        now = world.pids_of("victim")
        check("the victim's processes are the same", now and set(now) <= set(victims), f"{victims}, now {now}")
        for who in ("build", "release"):
            wait_for(lambda: not processes_with(marks[who]), f"the end of what the {who} left", 30)
            check(f"{who}: what it left behind is gone with it", True)
        check("app: what it left behind runs as long as itself", len(processes_with(marks["app"])) == 3, processes_with(marks["app"]))
        world.must("sluice redeploy hostile dev && sluice wait hostile dev --timeout 2m")
        wait_for(lambda: not processes_with(marks["app"]), "the end of what the app left", 60)
        check("app: what it left behind ended with its deployment", True)
        if version < 4:
            check.skip("build: the gateway's and the API's port", "this kernel is older than 6.7 or keeps Landlock away")
        else:
            own_ports(check, world)
        if certified:
            wait_for(lambda: "renewed by itself" in world.must("sluice certificate list victim dev"), "the certificate of the domain")
            secrets.find_certificates()
        else:
            check.skip("keys of certificates", "pebble, uacme or openssl is not installed")
        world.commands.stop()
        search(check, world, secrets)


def search(check, world, secrets):
    names = ", ".join(secrets.all)
    at_large = secrets.in_files()
    check(f"in the data directory none is outside its sealed place ({names})", not at_large, "; ".join(at_large))
    kept = {"the key", "a secret variable", "the database's password"}
    check("those that must be there were found there", kept <= secrets.sealed, secrets.sealed)
    asked, said = secrets.in_answers()
    check(f"{asked} answers of the API, events and the audit trail among them, hold none", not said and asked > 40, "; ".join(said))
    printed = secrets.found_in(world.server_log().replace(world.env["CODE"], "", 2).encode())
    check("what the server printed holds none, but the sign-in code in its link", not printed, printed)
    lines = [name for line in world.commands.seen if not line.startswith(b"bash\0-c\0") for name in secrets.found_in(line)]  # our own
    check(f"{len(world.commands.seen)} command lines hold none", not lines and len(world.commands.seen) > 100, "; ".join(set(lines)))
    ours = {one.pid for one in world.authority.processes} if world.authority else set()
    limits = {pid: next(line.split()[4:6] for line in read_limits(pid) if line.startswith("Max core"))
              for pid in {*world.pids_of("victim"), *(int(line.split()[0]) for line in world.processes_left()), world.server.pid} - ours}
    check(f"none of {len(limits)} processes of the server's may dump core", all(one == ["0", "0"] for one in limits.values()), limits)


def read_limits(pid):
    try:
        with open(f"/proc/{pid}/limits", encoding="utf8") as file:
            return file.readlines()
    except OSError:  # it has ended
        return ["Max core file size 0 0 bytes"]


def one_pass(check, sluice):
    world = Hostile("walls", sluice)
    world.commands = Commands()
    try:
        walls(check, world)
    except Exception:  # a defect of the driver fails the pass, not the run
        check("the pass came to its end", False, traceback.format_exc()[-3000:] + world.server_log()[-1500:])
    finally:
        world.commands.stop()
        problems = world.tear_down()
        world.remove()
    check("nothing is left behind", not problems, "; ".join(problems))
