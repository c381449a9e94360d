"""Builds that misbehave."""
import os
import re
import time
from pathlib import Path

from cases import Options, case
from stand import FORKS, GOOD, Case, Skipped, Wrong, own_server

COMMAND = r"build command `sh build\.sh`"


def memory_of(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


@case("prints-a-lot", slow=3)
def prints_a_lot(c):
    """1 GB (300 MB where time is short): the log is cut at its limit, and ends with the build's last words all the same."""
    amount = 1000 if Options.long else 300
    before = memory_of(c.stand.server.pid)
    line = "x" * 1023
    c.push(build=f"yes {line} | head -c {amount}000000\necho\necho it went wrong here\nexit 7\n")
    failed = c.failed("building", COMMAND + " exited 7: it went wrong here", says_in_log=False)
    end = c.sluice(f"logs {c.name} dev --build --deployment {failed['id']} | tail -n 30")
    for words in (r"the rest was cut ---\n", r"its last lines: ---\n", r" it went wrong here\n\S+ failed: build command .*\n\Z"):
        if not re.search(words, end):
            raise Wrong(f"the log does not end with /{words}/ but with: {end[-900:]}")
    grown = memory_of(c.stand.server.pid) - before
    if grown > 200e6:
        raise Wrong(f"the server's memory grew by {grown / 1e6:.0f} MB while it was written")
    log = c.stand.data / "logs" / c.api(f"/stacks/{c.name}")["id"] / c.stage()["id"] / failed["id"]
    size = sum(file.stat().st_size for file in log.iterdir())
    if size > 300e6:
        raise Wrong(f"its logs take {size / 1e6:.0f} MB")
    c.serves(1)


@case("forks-forever", alone=True)
def forks_forever(c):
    """Held to its processes where the machine can, and ended with its time."""
    if not c.holds("processes"):
        raise Skipped("this machine holds no limit of processes")
    c.push(build=FORKS, toml='[limits]\nbuild_timeout = "10s"\n')
    c.failed("building", COMMAND + r" wanted more than its 4096 processes, and was refused them; it was ended after its limit of 10s; .*")
    c.serves(1)


@case("fills-the-disk", own_server=True)
def fills_the_disk():
    """On a disk of its own: ended while there is still room for everybody else, whose stages go on deploying."""
    if os.geteuid() != 0:
        raise Skipped("only root can mount a small disk")
    with own_server("disk", disk="300m") as stand:
        one = Case(stand, "full")
        one.good()
        one.push(build="echo filling\ncat /dev/zero > zeros\n")
        one.failed("building", COMMAND + r" wrote 2\d\d(\.\d)? MB and left less than 15 MB free on the disk of the data directory; "
                   "make room there, or let it write less", log=["the build cache of this stack is emptied"])
        one.serves(1)
        one.push(build="echo filling\ncat /dev/zero > /cache/zeros || exit 9\n")
        one.failed("building", COMMAND + r" wrote 2\d\d(\.\d)? MB and left less than 15 MB free on the disk of the data directory; .*",
                   log=["the build cache of this stack is emptied"])
        one.serves(1)
        free = os.statvfs(stand.data)
        if free.f_bavail * free.f_frsize < 100e6:
            raise Wrong(f"what the build wrote is still there: {free.f_bavail * free.f_frsize / 1e6:.0f} MB are free")
        one.push(main=GOOD.replace("serve()", "# another\nserve()"))
        one.succeeded()
        one.serves(4)
        one.close()


# Writes until little is free, and does not heed being ended, so that the disk stays full for a while.
FILLS = """python3 -c '
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open("zeros", "wb", buffering=0) as file:
    while (free := os.statvfs(".")).f_bavail * free.f_frsize > 13 << 20:
        file.write(bytes(1 << 20))
time.sleep(100000)
'
"""
# Goes on while the disk is full, and ends when there is room again.
WORKS_BESIDE = """echo kept >/cache/kept
head -c 5000000 /dev/zero >written
echo works
python3 -c '
import os, time
for is_full in (True, False):
    while ((free := os.statvfs(".")).f_bavail * free.f_frsize < 15 << 20) != is_full:
        time.sleep(0.02)
'
"""


@case("fills-the-disk-beside-another", own_server=True)
def fills_the_disk_beside_another():
    """Whoever filled it is ended, and nobody else; who did not is not said to have."""
    if os.geteuid() != 0:
        raise Skipped("only root can mount a small disk")
    with own_server("disks", disk="300m") as stand:
        full, beside = Case(stand, "full"), Case(stand, "beside")
        for one in (full, beside):
            one.good()
        beside.push(build=WORKS_BESIDE)
        works = beside.at("building")
        beside.until("the neighbour's work", lambda: "works" in beside.log(works, "building").split("\n", 2)[-1])
        full.push(build=FILLS)
        full.failed("building", COMMAND + r" wrote 2\d\d(\.\d)? MB and left less than 15 MB free on the disk of the data directory; .*",
                    log=["the build cache of this stack is emptied"])
        beside.succeeded()
        beside.serves(2)
        full.serves(1)
        # Now it is none of them that fills the disk.
        beside.push(build="grep kept /cache/kept || exit 3\necho sleeps\nsleep 100000\n")
        sleeps = beside.at("building")
        beside.until("the build's sleep", lambda: "kept\n" in beside.log(sleeps, "building"))
        free = os.statvfs(stand.data)
        with open(stand.data / "ballast", "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, free.f_bavail * free.f_frsize - (12 << 20))
        beside.failed("building", COMMAND + r" was ended because the disk of the data directory has less than 15 MB free, which the "
                      r"\S+ [KM]B that it wrote do not explain; make room there", says_in_log=False)
        (stand.data / "ballast").unlink()
        beside.push(build="grep kept /cache/kept\n")
        beside.succeeded()
        beside.serves(4)
        for one in (full, beside):
            one.close()


# Goes on, whatever becomes of the disk, until it is told to end.
WAITS = "echo waits\nwhile ! test -e /cache/go; do sleep 0.1; done\n"
# Many files take their time to go.
FILLS_CACHE = """python3 -c '
import os
for i in range(100000):
    with open(f"/cache/{i}", "wb", buffering=0) as file:
        file.write(bytes(16 << 10))
' 2>/dev/null
"""


@case("fills-the-disk-at-once-beside-another", own_server=True)
def fills_the_disk_at_once_beside_another():
    """Who meets the disk's end before anybody looks, and whose cache takes its time to go: the neighbour knows nothing of it."""
    if os.geteuid() != 0:
        raise Skipped("only root can mount a small disk")
    with own_server("at-once", disk="300m") as stand:
        full, beside = Case(stand, "full"), Case(stand, "beside")
        for one in (full, beside):
            one.good()
        beside.push(build=WAITS)
        waits = beside.at("building")
        beside.until("the neighbour's wait", lambda: "waits\n" in beside.log(waits, "building"))
        for fills in ("cat /dev/zero > zeros\n", "cat /dev/zero > /cache/zeros\n", FILLS_CACHE) * 2:
            full.push(build=fills)
            full.failed("building", COMMAND + r" wrote 2\d\d(\.\d)? MB and left less than 15 MB free on the disk of the data directory; .*",
                        log=["the build cache of this stack is emptied"])
            full.serves(1)
        (stand.data / "caches" / beside.api("/stacks/beside")["id"] / "go").touch()
        beside.succeeded()
        beside.serves(2)
        for one in (full, beside):
            one.close()


@case("sleeps-forever")
def sleeps_forever(c):
    c.push(build="echo going to sleep\nsleep 100000\n", toml='[limits]\nbuild_timeout = "15s"\n')
    c.failed("building", COMMAND + r" was ended after its limit of 15s; \[limits\] build_timeout in sluice\.toml sets another",
             log=["going to sleep"])
    c.serves(1)


@case("ignores-being-ended", slow=1)
def ignores_being_ended(c):
    c.push(build="trap '' TERM INT HUP\nwhile true; do sleep 1; done\n", toml='[limits]\nbuild_timeout = "1s"\n')
    c.failed("building", COMMAND + " was ended after its limit of 1s; .*")
    c.serves(1)


@case("leaves-daemons")
def leaves_daemons(c):
    """What a build left running ends with it, whether it holds the build's output open or let go of everything."""
    daemons = ("sleep 98765 &\n(setsid sleep 98766 </dev/null >/dev/null 2>&1 &)\n"
               "python3 -c 'import os\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: os.execlp(\"sleep\", \"sleep\", \"98767\")'\n")
    c.push(build=daemons + "exit 5\n")
    c.failed("building", COMMAND + " exited 5 without a word")
    c.serves(1)
    ended = c.push(main=GOOD + "# with daemons\n", build=daemons)
    c.succeeded()
    c.serves(ended)
    c.until_nothing_is_left_of_builds()


@case("changes-its-checkout")
def changes_its_checkout(c):
    """It is the build's own: the repository and the next build know nothing of it."""
    spoil = ("echo 'spoilt' > main.py\nrm -f start.sh sluice.toml\nmkdir -p locked/in && echo x > locked/in/file\n"
             "chmod 000 locked/in/file locked/in locked\ntouch \"$(printf 'odd\\377\\nname')\"\n"
             "git init -q . 2>/dev/null && git -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m mine\n"
             "exit 6\n")
    c.push(build=spoil)
    c.failed("building", COMMAND + " exited 6.*")
    c.serves(1)
    c.push(build="test -f start.sh && ! test -e locked && ! grep -q spoilt main.py && echo clean\n")
    second = c.succeeded()
    if not re.search(r"(?m)clean$", c.log(second["id"], "building")):
        raise Wrong("the next build saw what the one before did to its checkout")
    c.serves(3)
    tip = c.git("rev-parse", "HEAD").strip()
    if c.git("ls-remote", "origin", "refs/heads/main").split()[0] != tip:
        raise Wrong("the repository's branch moved")


@case("makes-200000-files", slow=9)
def makes_many_files(c):
    c.push(build="python3 -c '\nimport os\nfor folder in range(200):\n    os.makedirs(f\"many/{folder}\")\n"
                 "    for file in range(1000):\n        open(f\"many/{folder}/{file}\", \"w\").close()'\n")
    c.failed("building", r"what was built has more than 150,000 files and folders, the most that an artifact may have; "
                         r"\[limits\] artifact_files in sluice\.toml sets another limit")
    c.serves(1)


@case("makes-a-file-of-5-gb")
def makes_a_large_file(c):
    c.push(build="truncate -s 5G large\n")
    c.failed("building", r"what was built takes 5.0 GB, more than the 4 GB of an artifact \(its largest file: large with "
                         r"5 GB\); \[limits\] artifact_size in sluice\.toml sets another limit")
    c.push(build="truncate -s 30M large\n", toml='[limits]\nartifact_size = "20M"\n')
    c.failed("building", r"what was built takes 30.0 MB, more than the 20 MB of an artifact .*")
    c.serves(1)


@case("links-out-of-the-tree")
def links_out(c):
    for target in ("/root/.ssh/id_rsa", "../../../../secret.key"):
        c.push(build=f"ln -sf {target} way-out\n")
        c.failed("building", r"the symbolic link way-out leads out of the app, to \S+; make it a relative one, or a copy")
    c.serves(1)


@case("leaves-a-pipe")
def leaves_a_pipe(c):
    c.push(build="mkfifo pipe\n")
    c.failed("building", "pipe is a device, pipe or socket, which an artifact cannot hold; remove it at the build's end")
    c.serves(1)


@case("takes-all-memory", slow=2)
def takes_all_memory(c):
    if not c.holds("memory"):
        raise Skipped("this machine holds no limit of memory")
    c.push(build="python3 -c 'x = bytearray(400 << 20); print(len(x))'\n", toml='[limits]\nbuild_memory = "64M"\n')
    c.failed("building", COMMAND + r" used more than its 64 MB of memory and was ended; \[limits\] build_memory in sluice\.toml "
                         "sets another limit")
    c.serves(1)
