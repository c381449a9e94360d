"""A disk that is full or read-only, a database file that is newer or damaged, files of artifacts and repositories that are
gone or changed: said in a sentence, survived, and well again when the cause is gone."""
import os
import shutil
import sqlite3
import subprocess

from day import Failure, until

FULL = "Nothing happened: the disk that holds *sluice.db is full, nothing was written: make room and try again."


def fill(day):
    day.command("cat /dev/zero > $DATA/fill")
    with open(day.data / "fill", "ab", buffering=0) as file:  # to the last byte of its last block
        try:
            while file.write(b"x" * 512):
                pass
        except OSError:
            pass


def make_room(day):
    (day.data / "fill").unlink()


def full_while_deciding_and_pushing(day):
    day.begin()
    day.app("prod --approval")
    day.do("sluice wait hello prod --for approval")
    day.do("sluice approve hello prod")
    day.live("hello", "prod", 1)
    day.pushed("hello", "second")
    day.do("sluice wait hello prod --for approval --change 2")
    day.probe("hello", "dev")

    fill(day)
    since = len(day.server_log())
    day.do("sluice approve hello prod", f"sluice: {FULL}", exit=3)
    day.do("sluice stage set hello prod --instances 2", f"sluice: {FULL}", exit=3)
    day.new_log(since, "* error a commit failed: the disk that holds *sluice.db is full, *")
    status, told = day.push("hello", "third")
    if status == 0:
        raise Failure(f"a push to a full disk went well: {told}")
    day.see("git push", told, "remote: nothing was taken: the server's disk is full; make room there, then push again", "! *no new change*")
    day.do("sluice status hello", "dev * live #2 *", "prod * live #1 * approval pending: #2 *")
    day.do("sluice doctor", "✗ problem Free space", "* a full one stops every push and build.", "✗ problem Data directory",
           "* cannot be written: No space left on device.", "→ Make room on its disk, *", exit=1)

    make_room(day)
    day.do("sluice approve hello prod", "Approved: #2 *")
    day.live("hello", "prod", 2)
    day.see("git push", day.git(day.root / "repo-hello", "push", "origin", "main")[1], "remote: change #3 -> dev, *")
    day.live("hello", "dev", 3)
    day.do("sluice doctor", "! ✗ problem Data directory", exit=None)
    day.none_failed("hello", "dev")


def full_while_building(day):
    """The build's end cannot be written down: it is once there is room, without anybody's doing."""
    day.begin()
    day.app()
    day.probe("hello", "dev")
    day.pushed("hello", "second", "build waits")
    until("the build runs", lambda: "building" in day.command("sluice status hello")[1])
    fill(day)
    since = len(day.server_log())
    day.gates.opened.add("hello-second")
    until("the server says that it cannot write", lambda: "a commit failed: the disk that holds" in day.server_log()[since:])
    day.do("sluice status hello", "dev * #1 * #2 *")
    make_room(day)
    done, told = day.command("sluice wait hello dev --change 2 --timeout 60s")
    # What the build itself needed room for may have failed it; then a retry is all that is needed.
    if done != 0:
        why = "No space left on device" if "No space left" in told else "the disk of the data directory"
        day.see("sluice wait", told, f"sluice: #2 failed at dev: *{why}*")
        day.do("sluice retry hello dev")
        day.live("hello", "dev", 2)
    day.serves("hello", "dev", "second")
    day.none_failed("hello", "dev")


def full_by_the_build(day):
    day.begin()
    day.app()
    day.probe("hello", "dev")
    write = day.write_app

    def greedy(repo, stack, words, manner):
        write(repo, stack, words, manner)
        (repo / "sluice.toml").write_text('[build]\ncommand = "head -c 100000000 /dev/zero > much"\n')

    day.write_app = greedy
    day.pushed("hello", "second")
    day.write_app = write
    day.do("sluice wait hello dev --change 2 --timeout 60s",
           "sluice: #2 failed at dev: *wrote * MB and left less than * free on the disk of the data directory*", exit=1)
    until("the build's files are gone", lambda: not list((day.data / "work").iterdir()))
    day.pushed("hello", "third")
    day.live("hello", "dev", 3)
    day.none_failed("hello", "dev")


def full_at_the_start(day):
    day.begin()
    day.app()
    day.stop_server()
    fill(day)
    day.refuses_to_start("sluice serve: the disk that holds *sluice.db is full, nothing was written: make room and try again")
    day.serves("hello", "dev", "first")
    make_room(day)
    day.start_server()
    day.pushed("hello", "second")
    day.live("hello", "dev", 2)


def read_only_at_the_start(day):
    day.begin()
    day.app()
    day.stop_server()
    day.do("sluice down --data $DATA")
    subprocess.run(["mount", "-o", "remount,ro", day.data], check=True)
    day.refuses_to_start("sluice serve: --data: cannot write in *: Read-only file system; *")
    day.do("sluice doctor --data $DATA", "*Read-only file system*", exit=1)
    subprocess.run(["mount", "-o", "remount,rw", day.data], check=True)
    day.start_server()
    day.serves("hello", "dev", "first")


def folders_not_writable(day):
    """As when somebody runs chmod or chown over them: the server goes on, and says what it cannot do."""
    day.begin()
    day.app("prod --approval")
    day.do("sluice wait hello prod --for approval")
    day.probe("hello", "dev")
    folders = [str(path) for path, _, _ in os.walk(day.data) if "/s6" not in path and "/gateway" not in path
               and "/artifacts/" not in path]
    modes = {path: os.stat(path).st_mode & 0o7777 for path in folders}
    for path in folders:
        os.chmod(path, 0o500)
    try:
        status, told = day.push("hello", "second")
        if status == 0:
            raise Failure(f"a push into folders that cannot be written went well: {told}")
        day.see("git push", told, "remote: nothing was taken: the server cannot write its repositories (Permission denied); let it, then push again")
        day.do("sluice approve hello prod", exit=None)
        day.do("sluice doctor", "✗ problem Data directory", "* cannot be written: Permission denied.", exit=1)
    finally:
        for path, mode in modes.items():
            if os.path.isdir(path):
                os.chmod(path, mode)
    day.git(day.root / "repo-hello", "push", "origin", "main")
    day.live("hello", "dev", 2)
    day.do("sluice wait hello prod --for approval --change 2")
    day.do("sluice approve hello prod")
    day.live("hello", "prod", 2)
    day.none_failed("hello", "dev")


def database_newer(day):
    day.begin()
    day.app()
    day.stop_server()
    newer = "this data directory was written by a newer sluice (schema 99, this one knows *): install that version or restore a backup"
    with sqlite3.connect(day.data / "sluice.db") as file:
        file.execute("insert into migrations values(99, 'of tomorrow', '')")
    file.close()
    day.refuses_to_start(f"sluice serve: {newer}")
    day.do("sluice doctor --data $DATA", "✗ problem Database", "*written by a newer sluice (schema 99*", "→ Install that version *", exit=1)
    day.serves("hello", "dev", "first")
    with sqlite3.connect(day.data / "sluice.db") as file:
        file.execute("delete from migrations where version = 99")
    file.close()
    day.start_server()
    day.pushed("hello", "second")
    day.live("hello", "dev", 2)


def database_damaged(day):
    day.begin()
    day.app()
    day.stop_server()
    file = day.data / "sluice.db"
    copy = day.root / "copy.db"
    shutil.copy(file, copy)
    info = file.stat()
    for at in (8192, 0):
        with open(file, "r+b") as damaged:
            damaged.seek(at)
            damaged.write(b"\x5a" * 40960)
        day.refuses_to_start("sluice serve: *sluice.db is damaged (*): put your last copy of the data directory in its place")
        day.do("sluice doctor --data $DATA", "✗ problem Database", "*sluice.db is damaged *", "→ Put your last copy *", exit=1)
        day.serves("hello", "dev", "first")
    shutil.copy(copy, file)
    os.chown(file, info.st_uid, info.st_gid)
    day.start_server()
    day.serves("hello", "dev", "first")
    day.pushed("hello", "second")
    day.live("hello", "dev", 2)


def artifact_damaged(day):
    """Files of an artifact gone, changed, its plan unreadable, all of it gone: said, and made anew."""
    day.begin()
    day.app("prod --approval")
    day.do("sluice wait hello prod --for approval")
    artifact = next((day.data / "artifacts").glob("sha256-*"))

    def damaged():
        return day.do("sluice doctor", "✗ problem Artifacts", "*hello/dev (the artifact sha256-* is damaged (*", "→ `sluice redeploy STACK STAGE`*", exit=1)

    os.chmod(artifact / "tree", 0o755)
    (artifact / "tree/app.py").unlink()
    damaged()
    # What prod is given is whole, and dev's is by the same stroke.
    day.do("sluice approve hello prod")
    day.live("hello", "prod", 1)
    day.do("sluice logs hello prod --build", "*is damaged (it has * files and folders, not *): building it anew", "* mended * damaged files and folders of it")
    day.serves("hello", "prod", "first")
    day.do("sluice doctor", "! ✗ problem Artifacts", exit=None)

    (artifact / "plan.json").write_text("{")
    damaged()
    day.do("sluice redeploy hello dev")
    day.live("hello", "dev", 1)
    day.do("sluice doctor", "! ✗ problem Artifacts", exit=None)

    # The same length, other bytes: nobody sees that at a glance, a build anew sets it right.
    app = artifact / "tree/app.py"
    good = app.read_bytes()
    app.chmod(0o644)
    app.write_bytes(b"!" * len(good))
    app.chmod(0o444)
    day.do("sluice redeploy hello dev --rebuild")
    day.live("hello", "dev", 1)
    if app.read_bytes() != good:
        raise Failure("a build anew left the damaged file as it was")

    day.command(f"chmod -R u+w {artifact}; rm -rf {artifact}")
    day.do("sluice doctor", "✗ problem Artifacts", "*hello/dev (the artifact sha256-* was cleaned*", exit=1)
    day.do("sluice redeploy hello dev")
    day.live("hello", "dev", 1)
    day.serves("hello", "dev", "first")


def repository_damaged(day):
    day.begin()
    day.app()
    day.probe("hello", "dev")
    repository = next((day.data / "repositories").glob("*.git"))
    for one in repository.glob("objects/**/*"):
        if one.is_file():
            one.unlink()
    day.do("sluice doctor", "✗ problem Repositories", "These repositories are damaged: hello (*).", "→ Put them back * push again: *", exit=1)
    status, told = day.push("hello", "second")
    if status == 0:
        raise Failure(f"a push into a damaged repository went well: {told}")
    day.see("git push", told, "remote: nothing was taken: *", "! *no new change*")
    day.do("sluice redeploy hello dev --rebuild")
    day.do("sluice wait hello dev", "sluice: #1 failed at dev: *", exit=1)

    # As the doctor says: out of the way, and pushed again.
    shutil.move(repository, day.root / "damaged.git")
    day.do("sluice doctor", "✗ problem Repositories", "These repositories are damaged: hello (it is gone).", exit=1)
    status, told = day.git(day.root / "repo-hello", "push", "origin", "main")
    day.see("git push", told, "remote: change #2 -> dev")
    day.live("hello", "dev", 2)
    day.serves("hello", "dev", "second")
    day.do("sluice doctor", "! ✗ problem Repositories", exit=None)
    day.none_failed("hello", "dev")
