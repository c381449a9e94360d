"""Sees which commands of an app run, and holds them: build, release, start and verify each connect, say who they are, and
wait for the word to go on. A connection ends with its process, so that two of one kind at once cannot hide."""
import collections
import socket
import threading
import time

# What a command of the app runs first.
STEP = '''import socket
import sys

with socket.create_connection(("127.0.0.1", {port})) as one:
    one.sendall((sys.argv[1] + " {words}\\n").encode())
    if one.recv(3) != b"go\\n":
        sys.exit("the witness is gone")
'''


class Witness:
    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        self.changed = threading.Condition()
        self.held = set()  # (step, words)
        self.alive = collections.Counter()
        self.runs = collections.Counter()
        self.most = collections.Counter()
        self.ending = False
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.see, args=(connection,), daemon=True).start()

    def see(self, connection):
        who = None
        with connection:
            try:
                line = connection.makefile().readline().split()
                if len(line) != 2:
                    return
                who = tuple(line)
                with self.changed:
                    self.alive[who] += 1
                    self.runs[who] += 1
                    self.most[who] = max(self.most[who], self.alive[who])
                    self.changed.notify_all()
                while self.is_held(who):
                    connection.settimeout(0.05)
                    try:
                        if not connection.recv(1):
                            return
                    except TimeoutError:
                        continue
                connection.settimeout(30)
                connection.sendall(b"go\n")
                connection.recv(1)
            except OSError:
                pass
            finally:
                if who:
                    with self.changed:
                        self.alive[who] -= 1
                        self.changed.notify_all()

    def is_held(self, who):
        with self.changed:
            return who in self.held and not self.ending

    def hold(self, *who):
        with self.changed:
            self.held.add(who)

    def let_go(self, *who):
        with self.changed:
            self.held.discard(who)

    def wait(self, *who, running=True, seconds=60):
        end = time.monotonic() + seconds
        with self.changed:
            while (self.alive[who] > 0) != running:
                if not self.changed.wait(end - time.monotonic()):
                    raise RuntimeError(f"{' '.join(who)} {'did not run' if running else 'did not end'} within {seconds} s")

    def twice(self):
        with self.changed:
            return [f"{' '.join(who)}: {count} at once" for who, count in self.most.items() if count > 1]

    def close(self):
        with self.changed:
            self.ending = True
        self.server.close()
