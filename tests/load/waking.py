"""A stage that sleeps, woken by a hundred requests at once: all are answered by one start, none held longer than 1.2 times
what the same app takes to start without Sluice (R7.5)."""
import pathlib
import selectors
import socket
import statistics
import subprocess
import tempfile
import time

from apps import telling
from load import App, wait_for

AT_ONCE = 100
STARTS_IN = 1.0  # seconds
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # as in the sandbox
REQUEST = "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n"


def start_alone(files):
    """Seconds from the start of an app, by itself, to its first answer."""
    with tempfile.TemporaryDirectory(prefix="sluice-load-", dir="/tmp") as folder:
        for name, text in files.items():
            (pathlib.Path(folder) / name).write_text(text)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        begin = time.monotonic()
        app = subprocess.Popen(["sh", "start.sh"], cwd=folder, env={"PATH": PATH, "PORT": str(port)}, stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: answers(port), "the app by itself", pause=0.002)
            return time.monotonic() - begin
        finally:
            app.kill()
            app.wait()


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
            one.sendall(REQUEST.format("app").encode())
            return one.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def at_once(gateway, host):
    """For each of the requests: seconds until it was answered, and the answer."""
    address, _, port = gateway.rpartition(":")
    selector, request, out = selectors.DefaultSelector(), REQUEST.format(host).encode(), []
    sockets = [socket.create_connection((address, int(port)), timeout=150) for _ in range(AT_ONCE)]
    for one in sockets:
        selector.register(one, selectors.EVENT_READ, bytearray())
    begin = time.monotonic()
    for one in sockets:
        one.sendall(request)
    while selector.get_map():
        for key, _ in selector.select(150):
            got = key.fileobj.recv(65536)
            key.data.extend(got)
            if not got:
                out.append((time.monotonic() - begin, key.data.decode(errors="replace")))
                selector.unregister(key.fileobj)
                key.fileobj.close()
    return out


def waking(check, lab, long):
    rounds = 1 if not long else 10
    files = telling(starts_in=STARTS_IN)
    apps = [App(lab, f"sleeper{number}", files) for number in range(3)]
    for app in apps:
        app.set("--sleep-after", "10s")
    alone, held, answered, starts = [], [], True, set()
    for _ in range(rounds):
        for app in apps:
            wait_for(lambda: "asleep" in lab.run("stage", "show", app.name, "dev"), "a stage that sleeps", 90, pause=0.2)
            alone.append(start_alone(files))
            all_of = at_once(lab.gateway, app.host)
            held.append(max(seconds for seconds, _ in all_of))
            answered = answered and all(text.startswith("HTTP/1.1 200") for _, text in all_of)
            starts.add(frozenset(text.split()[-1] for _, text in all_of))
    logged = sum(lab.run("logs", app.name, "dev", "--since", "1h").count("started ") for app in apps)
    times = rounds * len(apps)
    check(f"{AT_ONCE} requests at once to a stage that sleeps, {times} times: all answered", answered)
    check("each time by one start", len(starts) == times and all(len(one) == 1 for one in starts) and logged == times + len(apps),
          f"{logged} starts in the logs, with the first ones")
    ratio = statistics.median(one / other for one, other in zip(held, alone))
    check(f"held {statistics.median(held):.2f} s at most, {ratio:.2f} times the app's own start of {statistics.median(alone):.2f} s",
          ratio <= 1.2)
