"""What the load tests are made of: checks that are counted, wrk, and a watch for answers of an older version."""
import http.client
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))
from lab import VERSION_APP, Lab, wait_for  # noqa: E402, F401


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, good, detail=""):
        print("ok   " + name if good else f"FAIL {name}: {detail}", flush=True)
        if good:
            self.passed += 1
        else:
            self.failed += 1
        return good


class Wrk:
    """wrk at a stage, until the block ends. `through` leads wrk's command, `header` is one more of each request."""

    def __init__(self, url, host, connections=16, header=None, through=()):
        self.command = [*through, "wrk", "-t1", f"-c{connections}", "-d600s", "--timeout", "30s", "-H", f"Host: {host}"]
        self.command += ["-H", header] if header else []
        self.command.append(url)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.begin = time.monotonic()
        return self

    def __exit__(self, *error):
        time.sleep(max(0.0, self.begin + 1 - time.monotonic()))  # a second at least is measured
        self.process.send_signal(signal.SIGINT)
        self.report = self.process.communicate()[0]
        found = re.search(r"(\d+) requests in", self.report)
        if not found:
            raise SystemExit("wrk did nothing:\n" + self.report)
        self.requests = int(found.group(1))
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", self.report).group(1))
        failures = re.findall(r"Socket errors: .*|Non-2xx or 3xx responses: .*", self.report)
        self.failures = "; ".join(failures)

    def none_failed(self, check, name, least=100):
        check(f"{name}: {self.requests:,} requests, none failed", not self.failures and self.requests >= least, self.failures)


class Watch:
    """Asks all the time, on a connection that is kept and on new ones, and counts answers of a version below the one that
    was reported live when they were asked for. A kept connection that was closed in between is opened anew."""

    def __init__(self, gateway, host, path="/"):
        self.gateway, self.host, self.path = gateway, host, path
        self.live, self.asked, self.stale, self.first = 0, 0, 0, ""
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.loop, args=(kept,)) for kept in (True, False)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def loop(self, kept):
        connection = http.client.HTTPConnection(self.gateway, timeout=30)
        while not self.ending.wait(0.002):
            live = self.live
            try:
                connection.request("GET", self.path, headers={"Host": self.host})
                answer = connection.getresponse()
                words = answer.read().decode().split()
            except (OSError, http.client.HTTPException):
                connection.close()
                continue
            if not kept:
                connection.close()
            if answer.status != 200:
                continue  # wrk counts these
            self.asked += 1
            if int(words[0]) < live:
                self.stale += 1
                self.first = self.first or f"version {words[0]} when {live} was live"

    def none_stale(self, check, name):
        check(f"{name}: {self.asked:,} answers looked at, none older than what was live", self.stale == 0 and self.asked >= 20,
              f"{self.stale} were, first {self.first}" if self.stale else "")


class App:
    """A stack with one stage, dev, and its work tree."""

    def __init__(self, lab, name, files, *settings):
        self.lab, self.name, self.change = lab, name, 1
        self.work = lab.app(name, files)
        if settings:
            lab.run("stage", "set", name, "dev", *settings)
        lab.git(self.work, "push", "-q", "origin", "main")
        self.live()
        self.host = lab.address(name, "dev").netloc
        self.url = f"http://{lab.gateway}/"

    def live(self):
        self.lab.run("wait", self.name, "dev", "--change", str(self.change), "--timeout", "2m")

    def deploy(self):
        self.change += 1
        (self.work / "version").write_text(f"{self.change}\n")
        self.lab.git(self.work, "commit", "-q", "-a", "-m", f"version {self.change}")
        self.lab.git(self.work, "push", "-q", "origin", "main")
        self.live()
        return self.change

    def set(self, *words):
        """Changes the stage, and waits until it serves so."""
        self.lab.run("stage", "set", self.name, "dev", *words)
        self.lab.run("wait", self.name, "dev", "--timeout", "2m")

    def ask(self, path="/"):
        """Status, headers and words of one answer, on a connection of its own."""
        connection = http.client.HTTPConnection(self.lab.gateway, timeout=30)
        try:
            connection.request("GET", path, headers={"Host": self.host})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode().split()
        finally:
            connection.close()


def certificate_at(host, port, name, authority):
    """The serial number of what is served for a name."""
    context = ssl.create_default_context(cafile=str(authority))
    with socket.create_connection((host, port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            return tls.getpeercert()["serialNumber"]
