"""What may be there when all is at rest, and when all was stopped: nothing that no stage needs."""
import os
import time
from pathlib import Path

AT_REST = 180.0  # seconds: requests of a version that was replaced have 30, its end 30, a removal that failed is tried again after up to 60


def cgroups(data):
    """Those that the server noted for itself, as far as they are there."""
    note = data / "cgroups"
    lines = note.read_text().split() if note.is_file() else []
    return [Path(line) for line in lines if line.startswith("/") and Path(line).is_dir()]


def names(folder):
    return {one.name for one in folder.iterdir()} if folder.is_dir() else set()


def at_rest(town):
    """Why the town is not at rest, or nothing: the deployments that run are those that serve, with the instances asked for."""
    data = town.data
    problems, services, groups = [], {"gateway"}, set()
    stages = {stage["id"]: stage for stack in town.all_of("/stacks") for stage in stack["stages"]}
    for stage in stages.values():
        where = f"{stage['stack']} {stage['name']}"
        problems += [f"{where}: {word}" for word in ("active", "waiting") if word in stage]
        current = stage.get("current", {}).get("deployment")
        folders = {name for name in names(data / "stages" / stage["id"]) if name.startswith("dep_")}
        if folders - {current}:
            problems.append(f"{where}: folders of {sorted(folders - {current})}")
        mine = {name for name in names(data / "s6/services") if current and name.startswith(current + ".")}
        wanted = stage["instances"] if current else 0
        if len(mine) != wanted:
            problems.append(f"{where}: {len(mine)} services where {wanted} are wanted")
        services |= mine
        groups |= mine
        if current:
            copies = town.copies(stage["stack"], stage["name"])
            expected = f"#{stage['current']['change']} x{wanted}\n" if wanted else "none\n"
            if copies != expected:
                problems.append(f"{where}: {copies.split()} run where {expected.split()} should")
    # Of a stage that is gone its fence stays until the next start: what comes late must find it (R9.3).
    problems += [f"a folder of the stage {name}" for name in names(data / "stages") - set(stages) if names(data / "stages" / name) - {"fence"}]
    problems += [f"a route of {name}" for name in names(data / "gateway/routes") - {f"{stage}.json" for stage in stages}]
    for folder in ("s6/services", "s6/scan"):
        problems += [f"{folder}/{name}" for name in names(data / folder) - services - {".s6-svscan"}]
    for folder in ("work", "scratch"):
        problems += [f"{folder}/{name}" for name in names(data / folder)]
    problems += [f"artifacts/{name}" for name in names(data / "artifacts") if name != "by-key" and not name.startswith("sha256-")]
    for subtree in cgroups(data):
        problems += [f"a cgroup {group}" for group in {one.name for one in subtree.iterdir() if one.is_dir()} - groups - {"server"}]
    return problems


def until_at_rest(town):
    limit = time.monotonic() + AT_REST
    while (problems := at_rest(town)) and time.monotonic() < limit:
        time.sleep(0.5)
    return problems


def after_down(town):
    """Of the stopped town: processes, mounts, cgroups."""
    mark = str(town.root).encode()
    problems = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            mounts, command = (folder / "mountinfo").read_bytes(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark in mounts or mark in command:
            problems.append(f"process {folder.name}: {command.replace(bytes(1), b' ').decode(errors='replace')[:120]}")
    if mark in Path("/proc/mounts").read_bytes():
        problems.append("a mount")
    return problems + [f"the cgroup {folder}" for folder in cgroups(town.data)]
