"""The server's resident memory: flat through deployments and through a build that prints 1 GB (within 20 in a hundred)."""
import pathlib
import threading
import time

from load import VERSION_APP, App

FLAT = 1.2
WARM_UP = 40  # deployments
PRINTS = {"start.sh": VERSION_APP["start.sh"], "version": "1\n",
          "sluice.toml": '[build]\ncommand = "yes \'compiling a file of a middling name with a warning or two\' | head -c {size}"\n'}


def resident(pid):
    """KiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("the server is gone")


class Most:
    """The most that the server had while the block ran."""

    def __init__(self, pid):
        self.pid, self.kib = pid, 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.loop)

    def loop(self):
        while not self.ending.wait(0.05):
            self.kib = max(self.kib, resident(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        self.kib = max(self.kib, resident(self.pid))


def flat(check, what, before, most):
    check(f"{what}: the server had {before / 1024:.1f} MB, then {most / 1024:.1f} MB at most, under {FLAT} times as much", most <= FLAT * before,
          f"{most / before:.2f} times")


def memory(check, lab, long):
    rounds = 120 if not long else 1000
    app = App(lab, "often", VERSION_APP)
    for _ in range(WARM_UP):
        app.deploy()
    before = resident(lab.pid)
    with Most(lab.pid) as most:
        for number in range(rounds):
            app.deploy()
            if (number + 1) % 100 == 0:
                print(f"     {number + 1} deployments: {resident(lab.pid) / 1024:.1f} MB", flush=True)
    flat(check, f"{rounds} deployments after the first {WARM_UP}", before, most.kib)

    size = 100_000_000
    files = {name: text.replace("{size}", str(size)) for name, text in PRINTS.items()}
    loud = App(lab, "loud", files)  # warm, too
    before = resident(lab.pid)
    (loud.work / "sluice.toml").write_text(PRINTS["sluice.toml"].replace("{size}", "1000000000"))
    begin = time.monotonic()
    with Most(lab.pid) as most:
        loud.deploy()
    print(f"     the build took {time.monotonic() - begin:.0f} s", flush=True)
    flat(check, "a build that prints 1 GB", before, most.kib)
