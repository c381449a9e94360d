"""Cancelling at every step, and a release command that is interrupted."""
from cases import case
from stand import Case, Wrong, own_server

WAIT = "sleep 100000"


def cancelled(c, step, deployment):
    c.sluice(f"cancel {deployment}")
    c.failed(step, r"cancelled by \S+", state="cancelled", deployment=deployment)
    c.until_nothing_is_left()
    c.serves(1)


@case("cancel-while-building")
def cancel_building(c):
    c.push(build=f"trap '' TERM\n{WAIT} &\n{WAIT}\n")
    cancelled(c, "building", c.at("building"))


@case("cancel-while-releasing")
def cancel_releasing(c):
    c.push(toml=f'[release]\ncommand = "{WAIT}"\n')
    cancelled(c, "releasing", c.at("releasing"))


@case("cancel-while-starting")
def cancel_starting(c):
    c.push(main="import time\ntime.sleep(100000)\n")
    cancelled(c, "starting", c.at("starting"))


@case("cancel-while-verifying")
def cancel_verifying(c):
    c.push(toml=f'[verify]\ncommand = "{WAIT}"\n')
    cancelled(c, "verifying", c.at("verifying"))


@case("cancel-while-switching", slow=7)
def cancel_switching(c):
    """Refused: the stage is on its way to the new version. One that answers nobody but the first health check fails there."""
    c.probe.stop()
    c.probe = None  # what comes in the meantime waits for it in vain
    c.push(main="from app import *\nasked = []\n\n\nclass Mine(Answer):\n    def do_GET(self):\n        asked.append(1)\n"
                "        if len(asked) > 1: time.sleep(1000)\n        self.answer(200, 'first')\n\n\nserve(Mine)\n")
    switching = c.at("switching")
    said = c.sluice(f"cancel {switching}", status=1)
    if "switching" not in said:
        raise Wrong(f"a cancel while switching is answered with: {said}")
    c.failed("switching", "the new version gave no answer through the gateway")
    c.serves(1)


@case("cancel-while-queued")
def cancel_queued(c):
    """The one that waits for its stage ends at once, the one that runs goes on."""
    c.push(build=f"{WAIT}\n")
    running = c.at("building")
    c.push()
    waiting = c.at("queued")
    c.sluice(f"cancel {waiting}")
    ended = c.end(waiting)
    if ended["state"] != "cancelled" or ended["steps"]:
        raise Wrong(f"it is {ended['state']} after the steps {ended['steps']}")
    c.change -= 1
    if c.api(f"/deployments/{running}")["state"] != "building":
        raise Wrong("the one that runs does so no more")
    cancelled(c, "building", running)


@case("cancel-while-waiting-to-build", own_server=True)
def cancel_waiting_to_build():
    """One build at a time: the second waits for the first, and is cancelled there."""
    with own_server("slot", options=["--builds", "1"]) as stand:
        first, second = Case(stand, "first"), Case(stand, "second")
        first.good()
        second.good()
        first.push(build=f"echo under way\n{WAIT}\n")
        running = first.at("building")
        first.until("the first build's log", lambda: "under way" in first.log(running, "building"))
        second.push()
        waiting = second.until("the second's deployment", lambda: (second.newest()["change"] == 2 and second.newest()["id"]))
        second.sluice(f"cancel {waiting}")
        ended = second.end(waiting)
        if ended["state"] != "cancelled":
            raise Wrong(f"it is {ended['state']}: {ended.get('error')}")
        second.ended.append(waiting)
        second.until_nothing_is_left()
        second.serves(1)
        if first.newest()["state"] != "building":
            raise Wrong("the first does not build any more")
        cancelled(first, "building", running)
        second.push()
        second.succeeded()
        for one in (first, second):
            one.close()


@case("release-is-interrupted", own_server=True)
def release_interrupted():
    """The server dies in the middle of a release command: that is dead before the next start runs it again."""
    with own_server("release") as stand:
        one = Case(stand, "migrates")
        one.good()
        gate = f"http://127.0.0.1:{stand.gates.port}/go-on"
        wait = ("import time, urllib.request\nprint('migrating', flush=True)\nwhile True:\n    try:\n"
                f"        urllib.request.urlopen('{gate}', timeout=5)\n        break\n    except OSError: time.sleep(0.05)\n"
                "print('migrated', flush=True)\n")
        one.push(toml='[release]\ncommand = "python3 migrate.py"\n', files={"migrate.py": wait})
        running = one.at("releasing")
        one.until("the command at work", lambda: "migrating" in one.log(running, "releasing"))
        stand.kill_server()
        stand.start_server()
        one.until("the command at work again", lambda: one.log(running, "releasing").count("migrating") == 2)
        at_work = [pid for pid, marks in stand.processes().items() if marks.startswith(b"python3\0migrate.py")]
        if len(at_work) != 1:
            raise Wrong(f"the release command runs {len(at_work)} times")
        one.serves(1)
        stand.gates.opened.add("go-on")
        one.succeeded()
        one.serves(2)
        one.close()
        one.until_nothing_is_left()
