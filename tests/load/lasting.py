"""What lasts longer than a switch: streams, WebSockets, large bodies and slow clients. What ends within the drain limit is
whole; what does not is closed then, and not before (docs/endpoint.md)."""
import concurrent.futures
import hashlib
import os
import selectors
import socket
import threading
import time

from apps import lasting as lasting_app
from load import VERSION_APP, App, Wrk

DRAIN_LIMIT = 30  # seconds
LATE = 60  # seconds that a machine with much else to do may take longer to close what it must
HEADERS_LIMIT = 10  # seconds for a request's headers
BODY = 50_000_000


def connected(lab):
    address, _, port = lab.gateway.rpartition(":")
    return socket.create_connection((address, int(port)), timeout=DRAIN_LIMIT + LATE)


def ask(lab, host, path, begun=None):
    """The answer's bytes until the connection is closed; `begun` is set when the first are there."""
    with connected(lab) as one:
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        out = bytearray()
        try:
            while part := one.recv(1 << 20):
                out += part
                if begun:
                    begun.set()
        except OSError:
            pass
        return bytes(out)


def post(lab, host, body, seconds):
    """Sends a body evenly over so many seconds, and gives the words of the answer."""
    with connected(lab) as one:
        one.sendall(f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        begin, step = time.monotonic(), max(1, len(body) // 100)
        for number, at in enumerate(range(0, len(body), step)):
            time.sleep(max(0.0, begin + seconds * number / 100 - time.monotonic()))
            one.sendall(body[at:at + step])
        out = bytearray()
        while part := one.recv(65536):
            out += part
        return out.decode().split()


class WebSocket:
    """Says something every tenth of a second, until it is closed; `versions` answered, `closed` says when."""

    def __init__(self, lab, host):
        self.socket = connected(lab)
        self.socket.sendall((f"GET /socket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.socket.recv(1)
        self.good = head.startswith(b"HTTP/1.1 101")
        self.versions, self.closed = [], None
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()

    def loop(self):
        number = 0
        try:
            while not self.ending.wait(0.1):
                number += 1
                text, mask = str(number).encode(), os.urandom(4)
                self.socket.sendall(bytes([0x81, 0x80 | len(text)]) + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(text)))
                answer = self.socket.recv(256)
                if not answer:
                    break
                version, said = answer[2:].split()
                self.good = self.good and said == text
                self.versions.append(int(version))
        except OSError:
            pass
        self.closed = time.monotonic()
        self.socket.close()

    def stop(self):
        self.ending.set()
        self.thread.join()


def lasting(check, lab, long):
    app = App(lab, "lasting", lasting_app())
    body = os.urandom(BODY)
    digest = hashlib.sha256(body).hexdigest()
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        begun = [threading.Event() for _ in range(4)]
        short = [pool.submit(ask, lab, app.host, "/stream?100", one) for one in begun[:2]]  # of ten seconds
        endless = [pool.submit(ask, lab, app.host, "/stream?6000", one) for one in begun[2:]]
        bodies = [pool.submit(post, lab, app.host, body, seconds) for seconds in (0, 3, 8)]
        trickled = [pool.submit(post, lab, app.host, b"x" * 100, 15) for _ in range(8)]
        large = [pool.submit(ask, lab, app.host, f"/large?{BODY}") for _ in range(2)]
        sockets = [WebSocket(lab, app.host) for _ in range(3)]
        for one in begun:
            one.wait(LATE)
        switch = time.monotonic()
        app.deploy()
        switched = time.monotonic()
        anew = WebSocket(lab, app.host)
        texts = [one.result() for one in short]
        check("two streams of ten seconds that cross a switch end as they would have",
              all(text.count(b"1 99\n") == 1 and text.endswith(b"end\n\r\n0\r\n\r\n") for text in texts), [text[-80:] for text in texts])
        said = [one.result() for one in bodies]
        check(f"three bodies of {BODY // 1_000_000} MB that cross it arrive whole", all(words[-1] == digest and words[1] == "200" for words in said),
              [words[-2:] for words in said])
        wanted = hashlib.sha256(b"x" * 100).hexdigest()
        said = [one.result() for one in trickled]
        check("eight bodies that trickle in for 15 s, too", all(words[-1] == wanted for words in said), [words[-2:] for words in said])
        texts = [one.result() for one in large]
        check(f"two answers of {BODY // 1_000_000} MB, too", all(text.endswith(b"x" * 100) and len(text) > BODY for text in texts))
        texts, ended = [], []
        for one in endless:
            texts.append(one.result())
            ended.append(time.monotonic())
        for one in sockets:
            one.thread.join(max(0.0, switched + DRAIN_LIMIT + LATE - time.monotonic()))
        closed = [one.closed for one in sockets]
        check("three WebSockets go on with the version that they began with, and every word comes back",
              all(one.good and one.versions and set(one.versions) == {1} for one in sockets), [sorted(set(one.versions)) for one in sockets])
        in_time = [at is not None and switch + DRAIN_LIMIT <= at <= switched + DRAIN_LIMIT + LATE for at in (*ended, *closed)]
        check(f"two endless streams and the WebSockets are closed {DRAIN_LIMIT} s after the switch, not before", all(in_time),
              [f"{at - switched:.1f} s" if at else "open" for at in (*ended, *closed)])
        for one in (*sockets, anew):
            one.stop()
        check("a WebSocket that comes after the switch gets the new version", anew.good and set(anew.versions) == {2}, sorted(set(anew.versions)))


def slow(check, lab, long):
    """Clients that never come to the end of their headers, beside those that do."""
    count = 300 if not long else 1500
    app = App(lab, "patient", VERSION_APP)
    selector, answers = selectors.DefaultSelector(), []
    with Wrk(app.url, app.host) as wrk:
        sockets = []
        for _ in range(count):
            one = connected(lab)
            one.sendall(f"GET / HTTP/1.1\r\nHost: {app.host}\r\nX-Slow: ".encode())
            one.setblocking(False)
            selector.register(one, selectors.EVENT_READ, bytearray())
            sockets.append(one)
        begin = time.monotonic()
        while selector.get_map() and time.monotonic() < begin + HEADERS_LIMIT + LATE:
            for key, _ in selector.select(1):
                try:
                    got = key.fileobj.recv(65536)
                except OSError:
                    got = b""
                key.data.extend(got)
                if not got:
                    answers.append(bytes(key.data))
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
            for key in list(selector.get_map().values()):
                try:
                    key.fileobj.send(b"x")
                except OSError:
                    pass  # it is closed in a moment
        app.deploy()
        for key in list(selector.get_map().values()):
            key.fileobj.close()
    told = sum(answer.startswith(b"HTTP/1.1 408") for answer in answers)
    check(f"{count} clients that never come to the end of their headers are told so after {HEADERS_LIMIT} s", told == count,
          f"{told} of them, {len(answers)} closed")
    wrk.none_failed(check, f"{count} slow clients and a deployment")
