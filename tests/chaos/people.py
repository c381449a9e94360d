"""People who work with Sluice while things die: each a thread, each act chosen by the seed."""
import random
import subprocess
import threading
import time

from town import DONE

MANNERS = {"": 50, "shows colour": 13, "broken build": 7, "broken": 8, "release fails": 7, "build waits": 10, "start waits": 5}
COLOURS = ("red", "green", "blue")


class Person:
    def __init__(self, town, ledger, seed, stack):
        self.name = f"{type(self).__name__.lower()}-{stack}" if stack else type(self).__name__.lower()
        self.town, self.ledger, self.stack = town.person(self.name), ledger, stack
        self.dice = random.Random(f"{seed} {self.name}")
        self.ending = threading.Event()
        self.problem = None
        self.count = 0
        self.thread = threading.Thread(target=self.loop)

    def start(self):
        self.thread.start()

    def loop(self):
        try:
            while not self.ending.wait(self.dice.uniform(*self.pause)):
                self.act()
        except Exception as error:  # told at the end
            self.problem = error

    def stop(self):
        self.thread.join()
        if self.problem:
            raise self.problem

    def choose(self, acts):
        return self.dice.choices(list(acts), list(acts.values()))[0]

    def ask(self, method, path, body=None):
        status, said = self.town.request(method, path, body)
        if status >= 400:
            with self.ledger.lock:
                self.ledger.refused[f"{method} {path.rpartition('/')[2].partition('?')[0]} {status}"] += 1
        return status, said

    def stage(self, name):
        return self.ask("GET", f"/stacks/{self.stack}/stages/{name}")[1]

    def act_at(self, stage, act, body=None):
        """What makes a deployment."""
        status, said = self.ask("POST", f"/stacks/{self.stack}/stages/{stage}/{act}", body or {})
        self.queued(status, said)

    def queued(self, status, said):
        if status == 202 and "id" in said:
            self.ledger.note("queued", self.name, said["id"])
        elif status == DONE:
            self.ledger.unseen[self.name] += 1

    def cancel(self, stage):
        active = self.stage(stage).get("active")
        if active:
            status, _ = self.ask("POST", f"/deployments/{active['deployment']}/cancel", {})
            if status < 300:
                self.ledger.note("cancelled", active["deployment"])


class Pusher(Person):
    """Good changes and bad ones; takes some back while they are on their way."""
    pause = (0.5, 4.0)

    def act(self):
        act = self.choose({"push": 70, "cancel": 14, "retry": 10, "redeploy": 3, "rollback": 3})
        if act == "push":
            self.push()
        elif act == "cancel":
            self.cancel("dev")
        else:
            self.act_at("dev", act)

    def push(self):
        self.count += 1
        manner = self.choose(MANNERS)
        try:
            status, _ = self.town.push(self.stack, f"words {self.count}", manner)
        except subprocess.TimeoutExpired as late:
            raise RuntimeError(f"git did not come to an end: {late}") from late
        if status == 0:
            _, commit = self.town.git(self.town.root / f"repo-{self.stack}", "rev-parse", "HEAD")
            self.ledger.note("pushed", self.stack, commit.strip())
        if manner.endswith("waits"):
            self.ending.wait(self.dice.uniform(0.2, 5.0))
            if self.dice.random() < 0.4:
                self.cancel("dev")
            self.town.gates.opened.add(f"{self.stack}-words-{self.count}")


class Decider(Person):
    """At the gate of prod."""
    pause = (0.3, 2.5)

    def act(self):
        act = self.choose({"decide": 72, "retry": 8, "rollback": 5, "redeploy": 4, "promote": 4, "pause": 3, "cancel": 4})
        if act == "decide":
            self.decide()
        elif act == "pause":
            self.pause_a_while()
        elif act == "cancel":
            self.cancel("prod")
        elif act == "promote":
            current = self.stage("dev").get("current")
            if current:
                self.act_at("prod", "promote", {"change": current["change"]})
        else:
            self.act_at("prod", act)

    def decide(self):
        approval = self.stage("prod").get("approval")
        if not approval:
            return
        self.count += 1
        act, state = self.dice.choices([("approve", "approved"), ("reject", "rejected")], [80, 20])[0]
        comment = f"decision {self.count} of {self.name}"
        change = approval["change"]
        status, said = self.ask("POST", f"/stacks/{self.stack}/stages/prod/{act}", {"change": change, "comment": comment})
        if status < 300:
            self.ledger.note("decided", self.stack, "prod", change, state, comment)
            if act == "approve":
                self.queued(status, said)

    def pause_a_while(self):
        for act, event in (("pause", "StagePaused"), ("resume", "StageResumed")):
            if self.ask("POST", f"/stacks/{self.stack}/stages/prod/{act}", {})[0] < 300:
                self.ledger.note("saved", self.name, self.stack, "prod", event)
            self.ending.wait(self.dice.uniform(0.5, 3.0))


class Keeper(Person):
    """Settings, scale and the order of the stages."""
    pause = (0.5, 4.0)

    def act(self):
        getattr(self, self.choose({"scale": 30, "variables": 25, "endpoint": 15, "stages": 30}))()

    def set(self, stage, member, value):
        status, _ = self.ask("PATCH", f"/stacks/{self.stack}/stages/{stage}", {member: value})
        if status == 200:
            self.ledger.settings[self.stack, stage, member] = value
        return status == 200

    def scale(self):
        stage = self.dice.choice(("dev", "prod"))
        if self.set(stage, "instances", 4):
            self.ending.wait(self.dice.uniform(0.2, 6.0))
        self.set(stage, "instances", 1)

    def variables(self):
        stage, kind = self.dice.choice(("dev", "prod")), self.dice.choice(("build", "runtime"))
        name = "COLOUR" if kind == "build" else "GREETING"
        value = f"{self.dice.choice(COLOURS)} {self.dice.randrange(10)}"
        status, _ = self.ask("PATCH", f"/stacks/{self.stack}/stages/{stage}/variables/{kind}", {name: value})
        if status == 200:
            self.ledger.variables[self.stack, stage, kind, name] = value

    def endpoint(self):
        stage = self.dice.choice(("dev", "prod"))
        self.set(stage, "endpoint", self.dice.choice(("api_gateway", "load_balancer")))

    def stages(self):
        """One more before prod, gone again after a while."""
        self.count += 1
        name = f"canary-{self.count}"
        status, said = self.ask("POST", f"/stacks/{self.stack}/stages", {"name": name, "before": "prod", "requires_approval": self.dice.random() < 0.3})
        if status not in (201, DONE):
            raise RuntimeError(f"{name} of {self.stack}: {status} {said}")
        self.ledger.note("saved", self.name, self.stack, name, "StageAdded")
        self.ledger.stages[self.stack].add(name)
        self.ending.wait(self.dice.uniform(0.2, 6.0))
        # One whose answer was lost is deleted all the same: the second time there is none.
        status, said = self.ask("DELETE", f"/stacks/{self.stack}/stages/{name}?confirm=delete")
        if status not in (202, 404, 409):
            raise RuntimeError(f"deleting {name} of {self.stack}: {status} {said}")
        self.ledger.note("saved", self.name, self.stack, name, "StageDeletionBegan")
        self.ledger.stages[self.stack].discard(name)


class Founder(Person):
    """Stacks that come and go."""
    pause = (1.0, 6.0)

    def act(self):
        self.count += 1
        name = f"passing-{self.count}"
        status, said = self.ask("POST", "/stacks", {"name": name, "repository": {}})
        if status not in (201, DONE):
            raise RuntimeError(f"{name}: {status} {said}")
        self.ledger.note("saved", self.name, name, "", "StackCreated")
        self.ledger.stages[name].add("dev")
        pushed, _ = self.town.push(name, "in passing")
        if pushed == 0:
            _, commit = self.town.git(self.town.root / f"repo-{name}", "rev-parse", "HEAD")
            self.ledger.note("pushed", name, commit.strip())
        self.ending.wait(self.dice.uniform(0.2, 6.0))
        status, said = self.ask("DELETE", f"/stacks/{name}?confirm=delete")
        if status not in (202, 404, 409):
            raise RuntimeError(f"deleting {name}: {status} {said}")
        self.ledger.note("saved", self.name, name, "", "StackDeletionBegan")
        del self.ledger.stages[name]


def settle_in(town, ledger, seed, stacks):
    """Stacks that serve in dev and in prod, and the people of each."""
    founder = Founder(town, ledger, seed, "")
    people = [founder]
    for stack in stacks:
        for path, body in (("/stacks", {"name": stack, "repository": {}}), (f"/stacks/{stack}/stages", {"name": "prod"})):
            status, said = founder.town.request("POST", path, body)
            if status != 201:
                raise RuntimeError(f"{stack}: {status} {said}")
        ledger.stages[stack] |= {"dev", "prod"}
        status, said = founder.town.push(stack, "the first")
        if status != 0:
            raise RuntimeError(f"the first push to {stack}: {said}")
        people += [kind(town, ledger, seed, stack) for kind in (Pusher, Decider, Keeper)]
    limit = time.monotonic() + 120
    for stack in stacks:
        while "current" not in founder.town.request("GET", f"/stacks/{stack}/stages/prod")[1]:
            if time.monotonic() > limit:
                raise RuntimeError(f"{stack} is not live after two minutes")
            time.sleep(0.1)
        founder.town.request("PATCH", f"/stacks/{stack}/stages/prod", {"requires_approval": True})
    return people
