"""One pass: the attempts, what became of what tried, then the search for secrets."""
import ctypes
import traceback
import uuid

from hostile import LIBC, Hostile, Machine, processes_with, wait_for

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
        world.start_server()
        world.sign_in()
        world.neighbours()
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
        check("the victim's processes are the same", world.pids_of("victim") == victims, f"{victims}, now {world.pids_of('victim')}")
        for who in ("build", "release"):
            wait_for(lambda: not processes_with(marks[who]), f"the end of what the {who} left", 30)
            check(f"{who}: what it left behind is gone with it", True)
        check("app: what it left behind runs as long as itself", len(processes_with(marks["app"])) == 3, processes_with(marks["app"]))
        world.must("sluice redeploy hostile dev && sluice wait hostile dev --timeout 2m")
        wait_for(lambda: not processes_with(marks["app"]), "the end of what the app left", 60)
        check("app: what it left behind ended with its deployment", True)


def one_pass(check, sluice):
    world = Hostile("walls", sluice)
    try:
        walls(check, world)
    except Exception:  # a defect of the driver fails the pass, not the run
        check("the pass came to its end", False, traceback.format_exc()[-3000:] + world.server_log()[-1500:])
    finally:
        problems = world.tear_down()
        world.remove()
    check("nothing is left behind", not problems, "; ".join(problems))
