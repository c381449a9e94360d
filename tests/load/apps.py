"""The apps of the load tests: start.sh, and what they read beside it. Nothing is built."""

START = "#!/bin/sh\nexec python3 app.py\n"

SERVE = '''

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024  # as app servers have it
    daemon_threads = True


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # an answer is one packet

    def say(self, status, text):
        body = text.encode(errors="replace")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

'''

# Answers "VERSION INSTANCE START", START being new with each start; takes `starts-in` seconds to listen and `answers-in`
# for an answer.
TELLS = '''import http.server
import os
import time
import uuid

version, starts, answers = (open(name).read().strip() for name in ("version", "starts-in", "answers-in"))
text = " ".join([version, os.environ.get("SLUICE_INSTANCE", "-"), uuid.uuid4().hex])
''' + SERVE + '''
    def do_GET(self):
        time.sleep(float(answers))
        self.say(200, text)


print("started", text, flush=True)
time.sleep(float(starts))
Server(("127.0.0.1", int(os.environ["PORT"])), Answers).serve_forever()
'''


def telling(starts_in=0.0, answers_in=0.0):
    return {"start.sh": START, "app.py": TELLS, "version": "1\n", "starts-in": f"{starts_in}\n", "answers-in": f"{answers_in}\n"}


# POST / keeps the word in its body, and answers 200 when the database has said that it did. POST /attempts: attempts.py, with
# the words in its body; /hold leaves a connection at work; /password tells.
KEEPS = '''import http.server
import os
import re
import subprocess

import attempts

holding = []
''' + SERVE + '''
    def do_GET(self):
        self.say(200, "here")

    def do_POST(self):
        words = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/attempts":
            return self.say(200, attempts.all_of(*words.split()))
        if self.path == "/password":
            return self.say(200, os.environ["PGPASSWORD"])
        if self.path == "/hold":
            holding.append(subprocess.Popen([attempts.PSQL, "-qAtX", "-c", "select id, pg_sleep(600) from kept"]))
            return self.say(200, "held")
        if not re.fullmatch("[a-z0-9-]+", words):
            return self.say(400, "no")
        done = attempts.psql("insert into kept values ('" + words + "')")
        self.say(200 if done.returncode == 0 else 500, done.stdout)


Server(("127.0.0.1", int(os.environ["PORT"])), Answers).serve_forever()
'''

MIGRATE = '''import sys

import attempts

done = attempts.psql("create table if not exists kept (id text primary key, at timestamptz default now())")
print(done.stdout)
sys.exit(done.returncode)
'''


def keeping(attempts):
    return {"start.sh": START, "app.py": KEEPS, "migrate.py": MIGRATE, "attempts.py": attempts,
            "sluice.toml": '[release]\ncommand = "python3 migrate.py"\n'}


# GET /stream?N: N ticks, a tenth of a second apart, then "end". POST /: the SHA-256 of the body. GET /large?N: N bytes. A
# WebSocket: what it is sent comes back, with the version.
LASTS = '''import base64
import hashlib
import http.server
import os
import time

version = open("version").read().strip()
''' + SERVE + '''
    def do_GET(self):
        number = int((self.path.partition("?")[2] or "0"))
        if self.headers.get("Upgrade", "").lower() == "websocket":
            return self.echo()
        if self.path.startswith("/stream"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for line in [f"{version} {n}\\n".encode() for n in range(number)] + [b"end\\n", b""]:
                self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(line), line))
                self.wfile.flush()
                time.sleep(0.1)
            return None
        if self.path.startswith("/large"):
            self.send_response(200)
            self.send_header("Content-Length", str(number))
            self.end_headers()
            for at in range(0, number, 65536):
                self.wfile.write(b"x" * min(65536, number - at))
            return None
        return self.say(200, version)

    def do_POST(self):
        digest, left = hashlib.sha256(), int(self.headers["Content-Length"])
        while left and (part := self.rfile.read1(min(left, 65536))):
            digest.update(part)
            left -= len(part)
        self.say(200, version + " " + digest.hexdigest())

    def echo(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        while len(head := self.rfile.read(6)) == 6:  # short, masked text frames only
            text = bytes(byte ^ head[2 + at % 4] for at, byte in enumerate(self.rfile.read(head[1] & 127)))
            said = version.encode() + b" " + text
            self.wfile.write(bytes([0x81, len(said)]) + said)
            self.wfile.flush()


Server((os.environ["HOST"], int(os.environ["PORT"])), Answers).serve_forever()
'''


def lasting():
    return {"start.sh": START, "app.py": LASTS, "version": "1\n"}
