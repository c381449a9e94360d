"""A server of its own in a temporary folder, for measurements and load tests. Standard library only."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent


def wait_for(condition, what, seconds=60.0, pause=0.02):
    """The first true answer of condition(); SystemExit naming `what` after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(pause)
    raise SystemExit(f"gave up after {seconds:.0f} s: {what}")


class Lab:
    def __init__(self, sluice=ROOT / "build/sluice", tls=False):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="sluice-lab-", dir="/tmp"))
        self.home.chmod(0o755)
        self.data = self.home / "data"
        self.sluice = self.home / "sluice"  # readable also by the user that a server started by root turns into
        shutil.copy(sluice, self.sluice)
        self.log = open(self.home / "server.log", "wb")
        self.more = ["--gateway-tls", "0"] if tls else []
        self.start()
        if tls:
            self.tls_port = int((self.data / "gateway/tls-port").read_text())
        token = json.loads(self.run("token", "create", "lab", "--role", "admin", "--data", str(self.data), "--json"))
        self.env["SLUICE_TOKEN"] = token["token"]

    def start(self):
        self.server = subprocess.Popen(
            [self.sluice, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0",
             *self.more],
            stdout=self.log, stderr=self.log)
        note = wait_for(self.note, f"the server's start (its log is {self.home}/server.log)")
        self.api, self.gateway, self.pid = note["api"], note["gateway"], note["pid"]
        kept = {"SLUICE_TOKEN": self.env["SLUICE_TOKEN"]} if hasattr(self, "env") else {}
        self.env = dict(os.environ, SLUICE_URL=self.api, HOME=str(self.home), GIT_TERMINAL_PROMPT="0",
                        GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="Lab", GIT_AUTHOR_EMAIL="lab@example.com",
                        GIT_COMMITTER_NAME="Lab", GIT_COMMITTER_EMAIL="lab@example.com", **kept)

    def note(self):
        try:
            return json.loads((self.data / "server.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            if self.server.poll() is not None:
                raise SystemExit("the server ended:\n" + (self.home / "server.log").read_text()[-2000:])
            return None

    def run(self, *args):
        done = subprocess.run([self.sluice, *args], env=getattr(self, "env", None), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"sluice {' '.join(args)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def git(self, work, *args, env=None):
        done = subprocess.run(["git", "-c", "credential.helper=", "-c", f"credential.helper=!{self.sluice} git-credential",
                               *args], cwd=work, env=env or self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"git {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def app(self, name, files):
        """A work tree with a first commit and `origin` at the stack's repository, which is made."""
        self.run("stack", "create", name)
        work = self.home / name
        work.mkdir()
        for path, text in files.items():
            (work / path).write_text(text)
            if path.endswith(".sh"):
                (work / path).chmod(0o755)
        self.git(work, "init", "-q", "-b", "main")
        self.git(work, "add", "-A")
        self.git(work, "commit", "-q", "-m", "first")
        self.git(work, "remote", "add", "origin", f"{self.api}/git/{name}.git")
        return work

    def address(self, stack, stage):
        url = json.loads(self.run("stage", "show", stack, stage, "--json"))["url"]
        return urllib.parse.urlsplit(url)

    def close(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()
        subprocess.run([self.sluice, "down", "--data", self.data], capture_output=True)
        self.log.close()
        subprocess.run(["chmod", "-R", "u+w", self.home], capture_output=True)  # artifacts are read-only
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# Serves one file, `version`; needs no build.
VERSION_APP = {
    "start.sh": "#!/bin/sh\nmkdir -p /tmp/www\ncp version /tmp/www/index.html\n"
                'exec busybox httpd -f -p "$HOST:$PORT" -h /tmp/www\n',
    "version": "1\n",
}
