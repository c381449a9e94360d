"""Apps that misbehave, and their release and verify commands."""
import http.client
import re
import time

from cases import case
from stand import Wrong

SHORT = '[health]\ntimeout = "10s"\n'  # enough for Python to start also where the machine is busy
LINES = "from app import *\n"


def answers(body):
    indented = "".join(f"        {line}\n" for line in body.splitlines())
    return f"{LINES}\n\nclass Mine(Answer):\n    def do_GET(self):\n{indented}\n\nserve(Mine)\n"


@case("never-gets-healthy")
def never_gets_healthy(c):
    c.push(main=answers('print("refusing", flush=True)\nself.answer(503, "not yet\\n")'), toml=SHORT)
    c.failed("starting", r"the app answered GET / with status 503 for 1\ds; a 2xx or 3xx says that it is healthy", log=["refusing"])
    c.serves(1)


@case("never-answers")
def never_answers(c):
    c.push(main=answers("time.sleep(1000)"), toml=SHORT)
    c.failed("starting", r"the app did not answer GET / within 1\ds; it wrote nothing")
    c.serves(1)


@case("gets-healthy-and-dies")
def gets_healthy_and_dies(c):
    c.push(main=answers('self.answer(200, "well\\n")\nself.wfile.flush()\nprint("that was all", flush=True)\nos._exit(11)'))
    c.failures_allowed = 5  # of requests that came in just before it was seen
    c.failed("switching", "the app was healthy and then exited with status 11", log=["that was all"])
    c.serves(1)


@case("restarts-in-a-loop", slow=5)
def restarts_in_a_loop(c):
    """One that is well for long enough to be switched to, and ends again and again from then on: the doctor names it."""
    c.push(main=LINES + "import threading\nthreading.Timer(1.5, lambda: os._exit(13)).start()\nserve()\n")
    c.succeeded()
    c.probe.stop()
    c.probe = None  # it is down as often as not

    def look():
        finding = c.finding("apps")
        said = re.search(rf"{c.name}/dev \(.*status 13", finding["detail"])
        return finding if finding["severity"] == "warning" and said else None
    if "sluice logs" not in c.until("the doctor's word about it", look)["remedy"]:
        raise Wrong("the doctor has no remedy")
    c.sluice(f"rollback {c.name} dev")
    c.until("the rollback", lambda: c.newest()["kind"] == "rollback" and c.newest()["state"] == "succeeded")
    c.serves(1)


@case("exits-at-once")
def exits_at_once(c):
    c.push(main=LINES + 'print("no flux capacitor", flush=True)\nsys.exit(9)\n')
    c.failed("starting", "the app exited 3 times while starting, the last time with status 9", log=["no flux capacitor"])
    c.serves(1)


@case("ignores-sigterm", slow=8)
def ignores_sigterm(c):
    """Ended with SIGKILL after its time, whether it never got well or served until it was replaced."""
    ignore = LINES + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    c.push(main=ignore + 'class Mine(Answer):\n    def do_GET(self): self.answer(500, "no\\n")\nserve(Mine)\n', toml=SHORT)
    c.failed("starting", "the app answered GET / with status 500 .*")
    c.serves(1)
    c.push(main=ignore + "serve()\n")
    stubborn = c.succeeded()["id"]
    c.push(main=LINES + "serve()\n")
    c.succeeded()
    c.ended.append(stubborn)
    c.serves(4)


@case("redirects-in-a-loop")
def redirects_in_a_loop(c):
    c.push(main=answers('self.answer(302, "", Location="/b" if self.path == "/" else "/")'), toml=SHORT)
    c.failed("starting", r"the app redirects GET / in a circle \(/, /b, /\); a 2xx, or a 3xx that leads somewhere, says that it is "
                         "healthy; it wrote nothing")
    c.serves(1)
    # What leads somewhere is healthy: to a page of its own, to another host, to itself once a cookie is set.
    for to in ('("/login" if self.path == "/" else "")', '"https://elsewhere.example/"'):
        change = c.push(main=answers(f'to = {to}\nself.answer(302 if to else 200, "good\\n", **({{"Location": to}} if to else {{}}))'))
        c.succeeded()
    c.probe.stop()
    c.probe = None  # it answers with redirects now
    c.push(main=answers('self.answer(302, "", Location="/", Set_Cookie="a=b")'))
    c.succeeded()


@case("listens-on-the-wrong-port")
def wrong_port(c):
    c.push(main=LINES + "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answer)\n"
                        "print('port', server.server_port, 'not', PORT, flush=True)\nserver.serve_forever()\n", toml=SHORT)
    failed = c.failed("starting", r"the app listens on port \d+, not on port \d+, which it was given as the variable PORT; it must "
                                  r"listen on that one")
    took, given = re.findall(r"port (\d+)", failed["error"])[:2]
    if f"port {took} not {given}" not in failed["error"]:
        raise Wrong(f"it is not as the app said: {failed['error']}")
    # One that it chose by itself: refused, where the kernel can do that.
    c.push(main=LINES + "serve(Answer, 3999)\n", toml=SHORT)
    c.failed("starting", r"the app (exited 3 times while starting, the last time with status 1: it was refused a port, and must listen on "
                         r"the one that the variable PORT names|listens on port 3999, not on port \d+, which .*)")
    c.serves(1)


@case("listens-nowhere")
def listens_nowhere(c):
    c.push(main=LINES + "time.sleep(1000)\n", toml=SHORT)
    c.failed("starting", r"the app did not listen on port \d+ within 1\ds: it must listen on the port that the variable PORT names; "
                         "it wrote nothing")
    c.serves(1)


@case("closes-keep-alive-badly", slow=1)
def closes_keep_alive_badly(c):
    """It says that connections stay open and closes each, politely or not, after its answer: nobody outside notices."""
    change = c.push(main=answers('self.answer(200, "good\\n", Connection="keep-alive", Keep_Alive="timeout=1000")\n'
                                 "import socket, struct\n"
                                 "self.wfile.flush()\n"
                                 "time.sleep((os.getpid() + id(self)) % 7 / 1000)\n"
                                 'if id(self) % 2: self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))\n'
                                 "self.close_connection = True"))
    c.succeeded()
    gateway = c.stand.gateway
    connection = http.client.HTTPConnection(gateway, timeout=10)
    for asked in range(300):
        try:
            connection.request("GET", "/", headers={"Host": f"dev.{c.name}.localhost:{gateway.rpartition(':')[2]}"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Wrong(f"request {asked}: {error!r}") from None
        if answer.status != 200:
            raise Wrong(f"request {asked}: {answer.status} {body[:200]}")
        if asked % 10 == 0:
            time.sleep(0.005)
    c.serves(change)
    # One that closes before it has answered anything.
    c.push(main=LINES + "import socket\nhere = socket.create_server(('127.0.0.1', PORT))\n"
                        "while True: here.accept()[0].close()\n", toml=SHORT)
    c.failed("starting", r"the app did not answer GET / within 1\ds.*")
    c.serves(change)


@case("release-fails")
def release_fails(c):
    c.push(toml='[release]\ncommand = "echo the migration failed; exit 4"\n')
    c.failed("releasing", "the release command ended with status 4", log=["the migration failed"])
    c.serves(1)


@case("release-hangs")
def release_hangs(c):
    c.push(toml='[release]\ncommand = "echo waiting for a lock; sleep 100000"\n[limits]\nrelease_timeout = "2s"\n')
    c.failed("releasing", r"the release command was ended after its limit of 2s; \[limits\] release_timeout in sluice\.toml sets another",
             log=["waiting for a lock"])
    c.serves(1)


@case("verify-fails")
def verify_fails(c):
    c.push(toml='[verify]\ncommand = "echo the page is wrong; exit 2"\n')
    c.failed("verifying", "the verify command ended with status 2", log=["the page is wrong"])
    c.serves(1)


@case("verify-hangs")
def verify_hangs(c):
    c.push(toml='[verify]\ncommand = "sleep 100000"\n[limits]\nverify_timeout = "1s"\n')
    c.failed("verifying", r"the verify command was ended after its limit of 1s; \[limits\] verify_timeout in sluice\.toml sets another")
    c.serves(1)
