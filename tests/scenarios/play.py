"""Plays one scenario: step by step, each as its words say."""
import json
import shutil
import subprocess
import time

from scenario import complaint, parse
from world import Probe, World


class Failure(Exception):
    pass


class Skipped(Exception):
    pass


def play(path, sluice, keep):
    try:
        steps = parse(path.read_text(), path.name)
    except SyntaxError as error:
        raise Failure(str(error)) from None
    missing = [name for step in steps if step.word == "needs" for name in step.arguments if not shutil.which(name)]
    if missing:
        raise Skipped(f"{' and '.join(missing)} not installed: script/setup test installs what the tests use")
    world = World(path.stem, sluice)
    failure = None
    try:
        world.start_server()
        world.sign_in()
        for step in steps:
            perform(world, step, path.name)
    except Failure as error:
        failure = str(error)
    except (RuntimeError, SyntaxError, subprocess.TimeoutExpired, OSError) as error:
        failure = f"{type(error).__name__}: {error}"
    log = world.server_log()[-3000:] if world.server else ""
    died = world.server.poll() if world.server else None
    if failure and died is not None:
        failure += f"\nthe server had ended by then, with {died}"
    problems = world.tear_down()
    if failure:
        failure += f"\nthe server's log ends:\n{log}"
    if problems:
        failure = (failure or f"{path.name}: at its end") + "\n" + "\n".join(problems)
    if failure and keep:
        failure += f"\nkept: {world.root}"
    else:
        world.remove()
    if failure:
        raise Failure(failure)


def perform(world, step, name):
    limit = time.monotonic() + step.limit
    while True:
        status, output = act(world, step)
        wrong = None if status == step.exit else f"exit status {status}, not {step.exit}"
        wrong = wrong or complaint(step.expect, output)
        if wrong is None:
            return
        if time.monotonic() >= limit:
            waited = f" (for {step.limit:.0f} s)" if step.limit else ""
            raise Failure(f"{name}:{step.line}: {step.word} {step.text}\n  {wrong}{waited}\n  it said:\n    " +
                          "\n    ".join(output.rstrip().splitlines()[-40:]))
        time.sleep(0.1)


def act(world, step):
    words = step.arguments if step.word not in ("$", "let", "api") else []
    match step.word:
        case "$":
            return world.command(step.text)
        case "let":
            variable, _, command = step.text.partition(" $ ")
            status, output = world.command(command)
            world.env[variable.strip()] = output.strip()
            return status, output
        case "push":
            return world.push(*words)
        case "reset":  # push again what was pushed N commits ago, by force
            stack, back = words
            repo = world.root / f"repo-{stack}"
            world.git(repo, "reset", "-q", "--hard", f"HEAD~{back}")
            return world.git(repo, "push", "--force", "origin", "main")
        case "get":
            try:
                status, body = world.ask(*words)
            except OSError as error:
                return 1, repr(error)
            return 0, f"{status}\n{body}"
        case "api":
            method, path, *rest = step.text.split(" ", 2)
            status, body = world.call_api(method, path, rest[0] if rest else None)
            try:
                body = json.dumps(json.loads(body), indent=1)
            except ValueError:
                pass
            return 0, f"{status}\n{body}"
        case "as":
            return world.act_as(words[0])
        case "kill":  # the server, as a power cut would
            world.kill_server()
            return 0, ""
        case "stop":
            return world.stop_server(), ""
        case "start":
            world.start_server()
            return 0, ""
        case "open":  # the gate that a push "build waits" or "start waits" waits at
            stack, message = words
            world.gates.opened.add(f"{stack}-{message.replace(' ', '-')}")
            return 0, ""
        case "shut":
            stack, message = words
            world.gates.opened.discard(f"{stack}-{message.replace(' ', '-')}")
            return 0, ""
        case "probe":
            key = tuple(words[1:])
            if words[0] == "start":
                ask = (lambda: world.ask_over_tls(key[1])) if key[0] == "over-tls" else (lambda: world.ask(*key))
                world.probes[key] = Probe(ask)
                return 0, ""
            return 0, world.probes.pop(key).stop()
        case "needs":
            return 0, ""
        case "authority":  # of certificates; the server asks it from its next start on
            world.found_authority()
            return 0, ""
        case "copies":
            return 0, world.copies(*words)
    raise SyntaxError(step.word)
