"""What changes under load: deployments, the endpoint, the scale, caching, a certificate. No request may fail of it, and no
answer may be of an older version than what was reported live when it was asked for (R3.4, R7.2, R7.4, R7.5)."""
import subprocess
import threading
import time

from apps import telling
from load import VERSION_APP, App, Watch, Wrk, certificate_at, wait_for

DOMAIN = "shop.example.test"
SLOW = 0.05  # seconds that the app behind the cache takes


class Beside:
    """Does something again and again until the block ends; `times` says how often."""

    def __init__(self, *acts):
        self.times, self.problem = 0, ""
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.loop, args=acts)

    def loop(self, *acts):
        try:
            while not self.ending.is_set():
                for act in acts:
                    act()
                self.times += 1
        except SystemExit as failure:
            self.problem = str(failure)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


def deployments(check, lab, long):
    rounds = 20 if not long else 100
    app = App(lab, "deployed", VERSION_APP)
    with Wrk(app.url, app.host) as wrk, Watch(lab.gateway, app.host) as watch:
        for _ in range(rounds):
            watch.live = app.deploy()
    wrk.none_failed(check, f"{rounds} deployments")
    watch.none_stale(check, f"{rounds} deployments")


def together(check, lab, long):
    """Deployments, the scale, and stages that come and go before another stage of the stack, all at once."""
    rounds = 15 if not long else 100
    app = App(lab, "busy", VERSION_APP)
    lab.run("stage", "add", app.name, "prod")
    lab.run("wait", app.name, "prod", "--timeout", "2m")
    prod = lab.address(app.name, "prod").netloc
    scaling = Beside(lambda: lab.run("stage", "set", app.name, "dev", "--instances", "4"), lambda: time.sleep(0.5),
                     lambda: lab.run("stage", "set", app.name, "dev", "--instances", "1"), lambda: time.sleep(0.5))
    names = [f"canary-{number}" for number in range(1, 1000)]  # one that is being deleted keeps its name
    stages = Beside(lambda: lab.run("stage", "add", app.name, names[0], "--before", "prod"), lambda: time.sleep(0.5),
                    lambda: lab.run("stage", "delete", app.name, names.pop(0), "--confirm", "delete"))
    with Wrk(app.url, app.host) as first, Wrk(app.url, prod, connections=8) as last, Watch(lab.gateway, app.host) as watch:
        with scaling, stages:
            for _ in range(rounds):
                watch.live = app.deploy()
    done = f"{rounds} deployments, {scaling.times} times from 1 to 4 to 1, {stages.times} stages made and deleted"
    check("what was asked for beside the deployments was done", not scaling.problem and not stages.problem and scaling.times and stages.times,
          scaling.problem or stages.problem)
    first.none_failed(check, done)
    last.none_failed(check, "the same, the stage behind the one that comes and goes")
    watch.none_stale(check, done)


def endpoint(check, lab, long):
    rounds = 3 if not long else 50
    app = App(lab, "switched", telling())
    with Wrk(app.url, app.host) as wrk, Watch(lab.gateway, app.host) as watch:
        for _ in range(rounds):
            app.set("--endpoint", "load_balancer", "--sticky")
            sticky = "set-cookie" in app.ask()[1]
            watch.live = app.deploy()
            app.set("--endpoint", "api_gateway", "--no-sticky")
            plain = "set-cookie" not in app.ask()[1]
            if not (sticky and plain):
                break
    check("the endpoint is what was asked for, each time", sticky and plain)
    wrk.none_failed(check, f"the endpoint switched {2 * rounds} times")
    watch.none_stale(check, f"the endpoint switched {2 * rounds} times")


def scale(check, lab, long):
    rounds = 3 if not long else 50
    app = App(lab, "scaled", telling())

    def serve(wanted):
        return {app.ask()[2][1] for _ in range(20)} == set(wanted)

    with Wrk(app.url, app.host) as wrk:
        for _ in range(rounds):
            app.set("--instances", "4")
            wait_for(lambda: serve("0123"), "four instances that answer")
            app.set("--instances", "1")
            wait_for(lambda: serve("0"), "one instance that answers")
    wrk.none_failed(check, f"scaled 1 to 4 to 1, {rounds} times")


def caching(check, lab, long):
    rounds = 4 if not long else 30
    app = App(lab, "cached", telling(answers_in=SLOW))
    with Wrk(app.url, app.host) as without:
        pass

    def kept():
        return app.ask()[1].get("X-Cache") == "HIT"

    with Wrk(app.url, app.host) as wrk:
        app.set("--caching", "--cache-for", "10m")
        wait_for(kept, "an answer out of the cache")
    wrk.none_failed(check, "caching enabled")
    with Wrk(app.url, app.host) as cached:
        pass
    check(f"an app that takes {SLOW * 1000:.0f} ms an answer: {without.rate:,.0f} requests a second, {cached.rate:,.0f} cached, "
          "over 5 times", cached.rate > 5 * without.rate and not cached.failures)
    with Wrk(app.url, app.host) as wrk, Watch(lab.gateway, app.host) as watch:
        for number in range(rounds):
            watch.live = app.deploy()
            if number % 2:
                lab.run("purge", app.name, "dev")
            wait_for(kept, "an answer out of the cache")
        app.set("--no-caching")
    wrk.none_failed(check, f"{rounds} deployments and {rounds // 2} purges with caching, and caching disabled")
    watch.none_stale(check, f"{rounds} deployments and {rounds // 2} purges with caching, and caching disabled")


def certificate(check, lab, long):
    rounds = 5 if not long else 50
    app = App(lab, "secured", telling())
    app.set("--domain", DOMAIN)
    hosts = lab.home / "hosts"
    hosts.write_text(f"127.0.0.1 {DOMAIN} localhost\n")
    # wrk asks for the name that it looked up: it gets an /etc/hosts of its own.
    through = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"',
               str(hosts)]
    chain, key = lab.home / "chain.pem", lab.home / "key.pem"

    def renew():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                        "30", "-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}", "-keyout", key, "-out", chain],
                       check=True, capture_output=True)
        serial = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-serial"], check=True, capture_output=True,
                                text=True).stdout.strip().partition("=")[2]
        lab.run("certificate", "add", app.name, "dev", DOMAIN, "--certificate", f"@{chain}", "--key", f"@{key}")
        return certificate_at("127.0.0.1", lab.tls_port, DOMAIN, chain) == serial

    served = [renew()]
    url = f"https://{DOMAIN}:{lab.tls_port}/"
    with Wrk(url, DOMAIN, connections=8, through=through) as kept:
        with Wrk(url, DOMAIN, connections=4, header="Connection: close", through=through) as anew:
            served += [renew() for _ in range(rounds)]
    check(f"a certificate renewed {rounds} times is served at once", all(served))
    kept.none_failed(check, f"a certificate renewed {rounds} times, connections kept")
    anew.none_failed(check, f"a certificate renewed {rounds} times, a handshake each")
