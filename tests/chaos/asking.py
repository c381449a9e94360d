"""Requests to the apps, without pause, and which of them may fail: those that the death of what they needed met.

A death of ours excuses what was under way when it came, and what came until the stage answered again: the window opens with the
kill and closes with the first good answer to a request of more than SETTLED seconds after it, and after AT_MOST seconds in any case. An
instance and the gateway die with their s6-supervise. A death of the server, of a log or of git excuses nothing (R9.2)."""
import http.client
import re
import threading
import time

SETTLED = 2.0
AT_MOST = 20.0
PAUSE = 0.02


class Excuses:
    def __init__(self):
        self.lock = threading.Lock()
        self.given = []  # (when, (stack, stage) or None for all)

    def give(self, stage=None):
        with self.lock:
            self.given.append((time.monotonic(), stage))


class Asker:
    """Asks one stage, on a connection that is kept and on new ones in turn. A request on a kept connection that was closed before
    it is sent again on a new one, as every client does."""

    def __init__(self, town, stack, stage):
        self.town, self.stage = town, (stack, stage)
        self.host = f"{stage}.{stack}.localhost:{town.gateway.rpartition(':')[2]}"
        self.good, self.bad = [], []  # when it was asked; (when, until when, what was wrong)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.loop)
        self.thread.start()

    def once(self, connection):
        connection.request("GET", "/", headers={"Host": self.host})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        if answer.status != 200:
            words = re.sub(r"(?s)<(style|title)\b.*?</\1>|<[^>]*>", " ", text)
            return f"{answer.status} {' '.join(words.split())[:160]}"
        if f"stage {self.stage[1]}" not in text:
            return f"an answer of another app: {text[:80]!r}"
        return None

    def loop(self):
        kept, turn = None, 0
        while not self.ending.wait(PAUSE):
            turn += 1
            begin = time.monotonic()
            problem = None
            try:
                if kept is not None:
                    try:
                        problem = self.once(kept)
                    except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
                        kept.close()
                        kept = None
                if kept is None:
                    begin = time.monotonic()
                    kept = http.client.HTTPConnection(self.town.gateway, timeout=60)
                    problem = self.once(kept)
            except (OSError, http.client.HTTPException) as error:
                problem = repr(error)
            if problem:
                self.bad.append((begin, time.monotonic(), problem))
                time.sleep(0.05)
            else:
                self.good.append(begin)
            if kept is not None and (problem or turn % 2 == 0):
                kept.close()
                kept = None

    def stop(self):
        self.ending.set()
        self.thread.join()

    def windows(self, excuses):
        out = []
        for when, stage in excuses.given:
            if stage is not None and stage != self.stage:
                continue
            again = next((good for good in self.good if good > when + SETTLED), when + AT_MOST)
            out.append((when, min(again, when + AT_MOST)))
        return out

    def judge(self, excuses):
        """How many failures are excused, and those that are not."""
        windows = self.windows(excuses)
        left = [one for one in self.bad if not any(one[0] <= end and begin <= one[1] for begin, end in windows)]
        return len(self.bad) - len(left), left
