"""Runs inside a sandbox, as part of a hostile app: all that it tries against the server, its neighbours and the machine.
attempts.py WHO FACTS prints one line of JSON: what was tried, and for each what came through ("": nothing did)."""
import ctypes
import errno
import glob
import json
import os
import pty
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request

LIBC = ctypes.CDLL(None, use_errno=True)
TRIED = []


def attempt(name):
    def keep(function):
        TRIED.append((name, function))
        return function
    return keep


def call(number, *arguments):
    """A bare system call: its answer, or minus the error's number."""
    answer = LIBC.syscall(number, *[ctypes.c_long(one) if isinstance(one, int) else one for one in arguments])
    return -ctypes.get_errno() if answer == -1 else answer


def numbers(x86, arm):
    return x86 if os.uname().machine == "x86_64" else arm


def readable(*paths):
    """Those that can be listed or read."""
    out = []
    for path in paths:
        try:
            if os.path.isdir(path):
                out.append(f"{path}: {os.listdir(path)}")
            else:
                with open(path, "rb") as file:
                    out.append(f"{path}: {file.read(40)}")
        except OSError:
            pass
    return "; ".join(out)


def walk():
    """Every folder in sight but the kernel's own and the system's."""
    for folder, below, files in os.walk("/"):
        below[:] = [one for one in below if os.path.join(folder, one) not in ("/proc", "/usr", "/sys")]
        yield folder, below + files


def processes():
    return [int(one) for one in os.listdir("/proc") if one.isdigit()]


# --- files ---
@attempt("the data directory, by its path")
def _(facts):
    data = facts["data"]
    return readable(data, os.path.dirname(data), *(os.path.join(data, one) for one in facts["files"]))


@attempt("the data directory, through /proc")
def _(facts):
    found = []
    for pid in [*processes(), *facts["pids"], "self", "thread-self"]:
        for way in ("root", "cwd"):
            found += [readable(f"/proc/{pid}/{way}{facts['data']}"), readable(f"/proc/{pid}/{way}/secret.key"),
                      readable(f"/proc/{pid}/{way}/root/.ssh")]
        for handle in (f"/proc/{pid}/fd/{number}" for number in range(3, 40)):
            try:
                if facts["data"] in os.readlink(handle):
                    found.append(os.readlink(handle))
            except OSError:
                pass
    return "; ".join(one for one in found if one)


@attempt("the key, the database and whatever else is the server's, by name")
def _(facts):
    names = {"secret.key", "sluice.db", "metrics.db", "server.json", "pg_hba.conf", "tls-port", "haproxy.cfg", "setenv"}
    return "; ".join(os.path.join(folder, one) for folder, all_ in walk() for one in all_ if one in names)


@attempt("another app's words, in any file in sight")
def _(facts):
    found = []
    for folder, _all in walk():
        for one in os.listdir(folder) if os.access(folder, os.R_OK | os.X_OK) else []:
            path = os.path.join(folder, one)
            if not os.path.isfile(path) or os.path.getsize(path) > 1_000_000:
                continue
            try:
                with open(path, errors="replace") as file:
                    text = file.read()
            except OSError:
                continue
            found += [path for word in facts["words"] if word in text]
    return "; ".join(found)


@attempt("another's variables, in /proc")
def _(facts):
    found = []
    for pid in [*processes(), *facts["pids"]]:
        try:
            with open(f"/proc/{pid}/environ", errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        found += [f"{pid}: {word}" for word in facts["words"] if word in text]
    return "; ".join(found)


@attempt("what is private to the machine: users, homes, keys, logs, sockets of its services")
def _(facts):
    paths = ["/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/etc/ssl/private", "/etc/machine-id", "/etc/crontab",
             "/etc/fstab", "/etc/.filter.new", "/root", "/var/lib", "/var/log", "/var/run", "/var/spool", "/run", "/boot", "/srv",
             "/mnt", "/media", "/sys", "/proc/kcore", "/proc/kmsg", "/proc/1/environ/..", "/run/docker.sock", "/var/run/docker.sock",
             "/run/containerd/containerd.sock", facts["home"]]
    homes = [one for one in os.listdir("/home") if one != "app"] if os.path.isdir("/home") else []
    return readable(*paths) + "".join(f"; /home/{one}" for one in homes)


@attempt("writing outside its own folders")
def _(facts):
    own = ["/tmp", "/home/app", "/dev/shm"] + (["/app", "/cache"] if facts["who"] == "build" else [])
    found = []
    places = [folder for folder, _all in walk()]
    for folder, below, _files in os.walk("/usr"):
        places.append(folder)
        if folder.count("/") > 2:
            below.clear()
    for folder in places:
        if any(folder == one or folder.startswith(one + "/") for one in own) or not os.access(folder, os.W_OK):
            continue
        try:
            path = os.path.join(folder, ".tried")
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            os.unlink(path)
            found.append(folder)
        except OSError:
            pass
    for path in ("/etc/hosts", "/etc/.filter", "/etc/passwd", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/usr/bin/env",
                 "/proc/sys/kernel/hostname", "/proc/1/oom_score_adj/x", "/proc/self/exe"):
        try:
            os.close(os.open(path, os.O_WRONLY))
            found.append(path)
        except OSError:
            pass
    return "; ".join(found)


@attempt("more memory than it was given, as files")
def _(facts):
    found = []
    for folder in ("/tmp", "/home/app", "/dev/shm"):
        about = os.statvfs(folder)
        room = about.f_blocks * about.f_frsize
        if room > 1 << 30 and facts["who"] != "build":
            found.append(f"{folder} takes {room >> 20} MB")
    return "; ".join(found)


@attempt("files that were left open for it")
def _(facts):
    found = []
    for one in os.listdir("/proc/self/fd"):
        try:
            leads = os.readlink(f"/proc/self/fd/{one}")
        except OSError:
            continue
        known = leads.startswith(("/proc/", "/app/", "/dev/null", "pipe:")) or facts["who"] == "app" and leads.startswith("socket:")
        if not known or int(one) > 2 and leads.startswith("pipe:") and facts["who"] != "app":
            found.append(f"{one} leads to {leads}")
    return "; ".join(found)


# --- processes ---
@attempt("seeing a process that is not its own")
def _(facts):
    found = []
    for pid in processes():
        with open(f"/proc/{pid}/cmdline", errors="replace") as file:
            words = file.read()
        found += [f"{pid} {words[:60]}" for name in ("haproxy", "s6-", "sluice", "postgres", "victim") if name in words
                  and "bwrap" not in words and "SLUICE" not in words and "attempts" not in words]
    return "; ".join(found) + (f"; {len(processes())} processes" if len(processes()) > 12 else "")


@attempt("signals, ptrace and memory of the server's, the gateway's and other apps' processes")
def _(facts):
    mine = set(processes())
    found = []
    room = ctypes.create_string_buffer(8)
    here = struct.pack("QQ", ctypes.addressof(room), 8)
    there = struct.pack("QQ", 0x400000, 8)
    for pid in facts["pids"]:
        if pid in mine:
            continue
        for what, answer in (("kill", call(numbers(62, 129), pid, 0)), ("ptrace", call(numbers(101, 117), 16, pid, 0, 0)),
                             ("pidfd_open", call(434, pid, 0)), ("process_vm_readv", call(numbers(310, 270), pid, here, 1, there, 1, 0)),
                             ("setpriority", call(numbers(141, 140), 0, pid, 5))):
            if answer >= 0:
                found.append(f"{what} {pid}")
        found += [readable(f"/proc/{pid}/mem", f"/proc/{pid}/maps", f"/proc/{pid}/cmdline")]
    return "; ".join(one for one in found if one)


@attempt("HAProxy's and s6's controls, and every Unix socket that the kernel names")
def _(facts):
    paths = set(facts["controls"])
    with open("/proc/net/unix", encoding="utf8") as table:
        paths |= {line.split(maxsplit=7)[7].strip() for line in table.readlines()[1:] if len(line.split(maxsplit=7)) > 7}
    found = []
    for path in paths:
        if path.startswith("@"):
            continue
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            found.append(path)
        except OSError as error:
            if error.errno == errno.ENXIO and stat.S_ISFIFO(os.stat(path).st_mode):
                found.append(path)
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(path)
                found.append(path)
            except OSError:
                pass
    return "; ".join(found)


@attempt("an abstract Unix socket of the machine")
def _(facts):
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect("\0" + facts["abstract"])
            return "connected"
        except OSError:
            return ""


@attempt("shared memory of the machine")
def _(facts):
    return "it is there" if LIBC.shmget(facts["shared"], 0, 0) >= 0 else ""


@attempt("a terminal's input queue")
def _(facts):
    for number in range(3):
        if os.isatty(number):
            return f"{number} is a terminal"
    try:
        os.open("/dev/tty", os.O_RDWR)
        return "/dev/tty can be opened"
    except OSError:
        pass
    pid, master = pty.fork()
    if pid == 0:
        byte = ctypes.c_char(b"x")
        os._exit(0 if LIBC.ioctl(0, 0x5412, ctypes.byref(byte)) == -1 else 1)
    _, status = os.waitpid(pid, 0)
    os.close(master)
    return "TIOCSTI went through" if status else ""


# --- privileges ---
@attempt("mounting")
def _(facts):
    done = [call(numbers(165, 40), b"none", b"/tmp", b"tmpfs", 0, 0), call(numbers(165, 40), b"/app", b"/tmp", 0, 4096, 0),
            call(numbers(165, 40), b"none", b"/proc", b"proc", 0, 0), call(numbers(166, 39), b"/etc", 2),
            call(numbers(165, 40), 0, b"/", 0, 4096 | 32, 0), call(numbers(155, 41), b"/tmp", b"/tmp"), call(430, b"tmpfs", 0),
            call(428, -100, b"/", 1)]
    return f"{done}" if max(done) >= 0 else ""


@attempt("user namespaces, and others through them")
def _(facts):
    found = []
    for flags in (0x10000000, 0x10020000, 0x00020000, 0x20000000, 0x40000000, 0x80):
        pid = os.fork()
        if pid == 0:
            os._exit(1 if call(numbers(272, 97), flags) >= 0 else 0)
        if os.waitpid(pid, 0)[1]:
            found.append(f"unshare {flags:#x}")
    pid = call(numbers(56, 220), 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
        found.append("clone")
    wanted = struct.pack("8Q", 0x10000000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    pid = call(435, wanted, len(wanted))
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
        found.append("clone3")
    for name in os.listdir("/proc/1/ns"):
        try:
            handle = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
            if call(numbers(308, 268), handle, 0) >= 0:
                found.append("setns " + name)
        except OSError:
            pass
    return "; ".join(found)


@attempt("device nodes")
def _(facts):
    found = []
    for name, major, minor in (("mem", 1, 1), ("null", 1, 3), ("disk", 254, 0), ("fuse", 10, 229)):
        for kind in (stat.S_IFCHR, stat.S_IFBLK):
            try:
                os.mknod(f"/tmp/{name}", 0o666 | kind, os.makedev(major, minor))
                found.append(name)
                os.unlink(f"/tmp/{name}")
            except OSError:
                pass
    known = {"null", "zero", "full", "random", "urandom", "tty", "console", "pts", "ptmx", "shm", "core", "fd", "stdin", "stdout", "stderr"}
    return "; ".join(found + [f"/dev/{one}" for one in set(os.listdir("/dev")) - known])


@attempt("privileges by setuid programs and capabilities")
def _(facts):
    with open("/proc/self/status", encoding="utf8") as file:
        about = dict(line.split(":", 1) for line in file.read().splitlines())
    found = [f"{name} {about[name].strip()}" for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(about[name], 16)]
    if about["NoNewPrivs"].strip() != "1":
        found.append("no_new_privs is not set")
    if about["Uid"].split() != ["1000"] * 4:
        found.append("uid " + about["Uid"])
    with open("/proc/self/mountinfo", encoding="utf8") as file:
        for line in file:
            where, options = line.split()[4:6]
            if "nosuid" not in options.split(","):
                found.append(where + " lets setuid programs be")
            if "nodev" not in options.split(",") and not where.startswith("/dev"):
                found.append(where + " lets device nodes be")
    for number in (0, 1, 999):
        if LIBC.setuid(number) == 0 or LIBC.setgid(number) == 0:
            found.append(f"became {number}")
    for program in filter(shutil.which, ("su", "mount", "newgrp")):
        done = subprocess.run([program, "-c", "id -u"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.stdout.strip() == "0":
            found.append(program)
    return "; ".join(found)


@attempt("keyrings")
def _(facts):
    add, request, keyctl = numbers((248, 249, 250), (217, 218, 219))
    done = [call(add, b"user", b"tried", b"x", 1, -3), call(request, b"user", b"sluice-test", 0, -3), call(keyctl, 0, -3, 0),
            call(keyctl, 0, -4, 0), call(keyctl, 1, 0)]
    return f"{done}" if max(done) >= 0 else ""


@attempt("the kernel's own interfaces: bpf, perf, userfaultfd, io_uring, its log, modules, its clock")
def _(facts):
    room = ctypes.create_string_buffer(256)
    done = {"bpf": call(numbers(321, 280), 0, room, 48), "perf": call(numbers(298, 241), room, 0, -1, -1, 0),
            "userfaultfd": call(numbers(323, 282), 1), "io_uring": call(425, 2, room), "log": call(numbers(103, 116), 3, room, 200),
            "module": call(numbers(313, 273), 0, b"", 0), "clock": call(numbers(227, 112), 0, room),
            "kexec": call(numbers(246, 104), 0, 0, 0, 0), "handle": call(numbers(304, 265), -100, room, 0)}
    return "; ".join(f"{name} {answer}" for name, answer in done.items() if answer >= 0)


@attempt("a core dump, which would hold variables")
def _(facts):
    import resource
    return "" if resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) else f"{resource.getrlimit(resource.RLIMIT_CORE)}"


# --- the network ---
@attempt("sockets that lead below the machine or around TCP: vsock, packet, raw, alg")
def _(facts):
    found = []
    for name, family, kind, protocol in (("vsock", 40, socket.SOCK_STREAM, 0), ("packet", 17, socket.SOCK_RAW, 768), ("smc", 43, 1, 0),
                                         ("raw", socket.AF_INET, socket.SOCK_RAW, 1), ("alg", 38, socket.SOCK_SEQPACKET, 0),
                                         ("mptcp", socket.AF_INET, socket.SOCK_STREAM, 262), ("smc as inet", socket.AF_INET, 1, 256)):
        try:
            socket.socket(family, kind, protocol).close()
            found.append(name)
        except OSError:
            pass
    return "; ".join(found)


def listens(port, address="127.0.0.1", shared=False, protocol=0, family=None):
    family = family or (socket.AF_INET6 if ":" in address else socket.AF_INET)
    with socket.socket(family, socket.SOCK_STREAM, protocol) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((address, port))
        one.listen()
        return one.getsockname()[1]


def taken(ports):
    found = []
    for name, port in ports.items():
        for address in ("127.0.0.1", "0.0.0.0", "127.0.0.2", "::1", "::"):
            for shared in (False, True):
                for protocol in (0, 262):
                    try:
                        listens(port, address, shared, protocol)
                        found.append(f"{name} at {address}{' with SO_REUSEPORT' if shared else ''}{' over MPTCP' if protocol else ''}")
                    except OSError:
                        pass
    return "; ".join(found)


@attempt("a port that somebody listens on: the gateway's, the API's, another app's, the databases'")
def _(facts):
    return taken({name: port for name, port in facts["ports"].items() if name in ("the gateway", "another app", "the API", "databases")})


@attempt("a port that another app will have again")
def _(facts):
    return taken({name: port for name, port in facts["ports"].items() if name.startswith("a stopped")})


@attempt("a chosen port, as the one that the kernel picks")
def _(facts):
    wanted = facts["ports"]["the gateway"] if facts["ports"]["the gateway"] > 32768 else 40000
    with socket.socket() as one:
        try:
            one.setsockopt(socket.IPPROTO_IP, 51, struct.pack("I", wanted | wanted << 16))
            return "the range can be set"
        except OSError:
            return ""


@attempt("the server's API and repositories without a token")
def _(facts):
    found = []
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for method, path in (("GET", "/api/v1/stacks"), ("GET", "/api/v1/tokens"), ("GET", "/api/v1/doctor"), ("GET", "/api/v1/audit"),
                         ("GET", "/api/v1/events"), ("GET", "/api/v1/me"), ("POST", "/api/v1/tokens"), ("POST", "/api/v1/stacks"),
                         ("GET", "/api/v1/stacks/victim/stages/dev/variables/runtime"), ("DELETE", "/api/v1/stacks/victim"),
                         ("GET", "/git/victim.git/info/refs?service=git-upload-pack"), ("POST", "/git/victim.git/git-receive-pack")):
        for token in ("", "Bearer ", "Bearer none", "Basic c2x1aWNlOg=="):
            ask = urllib.request.Request(facts["api"] + path, method=method, data=b"{}" if method == "POST" else None,
                                         headers={"Content-Type": "application/json", **({"Authorization": token} if token else {})})
            try:
                with opener.open(ask, timeout=10) as answer:
                    found.append(f"{method} {path}: {answer.status}")
            except urllib.error.HTTPError as error:
                if error.code != 401:
                    found.append(f"{method} {path}: {error.code}")
    return "; ".join(found)


def outlive(mark):
    """Processes that do all they can to stay, as `mark` tells on their command lines."""
    program = ("import os, signal, sys, time\n"
               "for one in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(one, signal.SIG_IGN)\n"
               "open(f'/tmp/stays-{os.getpid()}', 'w').close()\n"
               "time.sleep(3600)\n")
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.setsid() if os.getpid() != os.getsid(0) else None
                null = os.open("/dev/null", os.O_RDWR)
                for number in range(3):
                    os.dup2(null, number)
                os.execvp("python3", ["python3", "-c", program, mark])
            os._exit(0)
        os.wait()
    subprocess.Popen(["nohup", "setsid", "python3", "-c", program, mark], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
    while len(glob.glob("/tmp/stays-*")) < 3:
        time.sleep(0.01)


def can_listen(port):
    try:
        return bool(listens(port))
    except OSError:
        return False


def ordinary(who):
    """What an app may do all the same: said when it cannot."""
    wrong = []
    if who != "app" and not any(can_listen(port) for port in range(9200, 9999)):
        wrong.append("no port of a command's")
    try:
        listens(0)
    except OSError as error:
        wrong.append(f"no port of the kernel's: {error}")
    with open("/dev/shm/own", "w", encoding="ascii") as file:
        file.write("x")
    if subprocess.run(["sh", "-c", "echo x | tr x y"], capture_output=True, text=True).stdout != "y\n":
        wrong.append("a pipe of the shell's")
    return "; ".join(wrong)


def main(who, path):
    with open(path, encoding="utf8") as file:
        facts = dict(json.load(file), who=who)
    facts["words"] = [word[::-1] for word in facts["words"]]  # told backwards, so that the facts are no find
    begin = time.monotonic()
    out = {}
    for name, function in TRIED:
        try:
            out[name] = function(facts)
        except Exception as error:  # what cannot be tried does not count as held
            out[name] = f"the attempt itself failed: {error!r}"
    return json.dumps({"who": who, "came through": out, "broken": ordinary(who), "took": time.monotonic() - begin})


if __name__ == "__main__":
    print("ATTEMPTS " + main(*sys.argv[1:3]), flush=True)
    if len(sys.argv) > 3:
        outlive(sys.argv[3])
