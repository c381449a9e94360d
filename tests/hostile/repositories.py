"""Repositories that cannot be built or run."""
from cases import case
from stand import Wrong


@case("toml-with-a-typo")
def typo(c):
    c.push(toml='[build]\ncomand = "make"\n')
    c.failed("building", r'sluice\.toml, line 2: unknown key in \[build\] "comand"; did you mean "command"\?')
    c.push(toml='[run]\ncommand = "python3 main.py\n')
    c.failed("building", r"sluice\.toml, line 2: .*; it must be TOML")
    c.push(toml='[health]\ntimeout = "soon"\n')
    c.failed("building", r'sluice\.toml, line 2: health\.timeout must be a time as text, from "1s" to "1h", such as "90s" or "10m" '
                         r"\(it is text\)")
    c.push(toml='[limits]\nmemory = "lots"\n')
    c.failed("building", r'sluice\.toml, line 2: limits\.memory must be a size as text, .*')
    c.serves(1)


@case("nothing-to-run")
def nothing_to_run(c):
    c.push(files={"README.md": "words only\n"}, without=("app.py", "main.py", "start.sh"))
    c.failed("building", "nothing says how to run this app; looked for sluice.toml, Procfile, .* and start.sh at the repository's root")
    c.serves(1)
    c.push(without=("start.sh",), files={"Procfile": "worker: python3 main.py\n"})
    c.failed("building", 'the Procfile has no "web:" line; add one with the command that starts the app on \\$PORT')
    c.serves(1)


@case("an-empty-repository", starts_bare=True)
def empty_repository(c):
    """Without any commit the stage waits for one; with a commit of nothing there is nothing to run."""
    c.make()
    if c.stage()["state"] != "empty":
        raise Wrong(f"without a commit the stage is {c.stage()['state']}")
    if (status := c.ask()[0]) < 400:
        raise Wrong(f"without a commit the stage answers {status}")
    c.commit()
    c.failed("building", "the commit holds no files, so there is nothing to build or run; push one that does")
    c.push()
    c.succeeded()
    c.serves(2)


@case("submodules")
def submodules(c):
    note = "submodules are not fetched"
    modules = '[submodule "lib"]\n\tpath = lib\n\turl = https://example.org/lib.git\n'
    c.push(files={".gitmodules": modules}, build="cat lib/Makefile\n")
    c.failed("building", r"build command `sh build\.sh` exited 1: cat: lib/Makefile: No such file or directory "
                         r"\(submodules are not fetched: their folders are empty\)", log=["note: " + note])
    c.serves(1)
    c.push(files={".gitmodules": modules})
    if note not in c.log(c.succeeded()["id"], "building"):
        raise Wrong("the log of a build that succeeds does not say that submodules are not fetched")


@case("lfs-pointers")
def lfs_pointers(c):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
    files = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "model.bin": pointer}
    c.push(files=files, build="head -c 4 model.bin | grep -q GGUF || { echo model.bin is no model; exit 1; }\n")
    c.failed("building", r"build command `sh build\.sh` exited 1: model\.bin is no model \(files kept in Git LFS are not fetched\)",
             log=["note: files kept in Git LFS are not fetched"])
    c.serves(1)
