"""The ports of the gateway and of the API while nobody listens there, where builds and commands may listen on others beside: a
build that begins when HAProxy is away, and one that is taken up again by a server that starts."""
import contextlib
import os
import random
import re
import signal
import socket
from pathlib import Path

from hostile import wait_for

RANGE = range(3000, 10000)  # of builds and commands

BUILD = '''import errno, os, socket, sys, time

def answer(port, address):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            one.bind((address, port))
            one.listen()
            return "listened"
        except OSError as error:
            return errno.errorcode[error.errno]

again = os.path.exists("/cache/began")
open("/cache/began", "w").close()
said = {answer(int(port), address) for port in sys.argv[1:3] for address in ("127.0.0.1", "0.0.0.0", "::")}
beside = any(answer(port, "127.0.0.1") == "listened" for port in range(9000, 9100))
print("OWN PORTS", "again" if again else "first", *sorted(said), "and others" if beside else "and none", flush=True)
time.sleep(0 if again else 1000)
'''


def free_ports(count):
    found = set()
    while len(found) < count:
        with socket.socket() as one, contextlib.suppress(OSError):
            port = random.choice(RANGE)
            one.bind(("127.0.0.1", port))
            found.add(port)
    return sorted(found)


def gateway_of(world):
    """The process that keeps it up, and its own."""
    keeper, own = None, []
    for line in world.processes_left():
        pid = int(line.split()[0])
        with contextlib.suppress(OSError):
            name, words = Path(f"/proc/{pid}/comm").read_text().strip(), Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if name == "s6-supervise" and words[1] == b"gateway":
                keeper = pid
            if name == "haproxy":
                own.append(pid)
    if keeper is None:
        raise RuntimeError("nothing keeps the gateway up")
    return keeper, own


def listens(address):
    host, _, port = address.rpartition(":")
    with socket.socket() as one:
        return one.connect_ex((host, int(port))) == 0


@contextlib.contextmanager
def gateway_away(world):
    keeper, own = gateway_of(world)
    os.kill(keeper, signal.SIGSTOP)
    try:
        for pid in own:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not listens(world.gateway), "the gateway's end")
        yield
    finally:
        os.kill(keeper, signal.SIGCONT)
    wait_for(lambda: listens(world.gateway), "the gateway's return")


def own_ports(check, world):
    ports = [address.rpartition(":")[2] for address in (world.gateway, world.api)]
    world.must("sluice stack create early")

    def said(which):
        log = world.command("sluice logs early dev --build")[1]
        return (re.search(f"OWN PORTS {which} (.*)", log) or [None, None])[1]
    with gateway_away(world):
        world.deploy("early", {"own.py": BUILD, "start.sh": "#!/bin/sh\nexec python3 app.py\n", "app.py": "import time\ntime.sleep(1000)\n",
                               "sluice.toml": f'[build]\ncommand = "python3 own.py {" ".join(ports)}"\n[run]\ncommand = "sh start.sh"\n'},
                     wait=False)
        wait_for(lambda: said("first"), "a build without the gateway")
    check("build: the gateway's and the API's port, begun while HAProxy is away", said("first") == "EACCES and others", said("first"))
    world.kill_server()
    world.start_server()
    wait_for(lambda: said("again"), "the build that the killed server had begun")
    check("build: the same, taken up again by a server that starts", said("again") == "EACCES and others", said("again"))
    world.must("sluice stack delete early --confirm delete")
