"""What a server that an ordinary user started cannot hold, and says so."""
import os
import re

from cases import case
from stand import FORKS, Case, Wrong, own_server

NOBODY = 65534


@case("as-an-ordinary-user", own_server=True)
def ordinary_user():
    with own_server("user", user=NOBODY if os.geteuid() == 0 else None) as stand:
        one = Case(stand, "plain")
        one.good()
        limits = one.finding("limits")
        if limits["severity"] == "warning":
            if not re.match("These are not held: memory, processor, processes; .*[.]$", limits["detail"]) or "root" not in limits["remedy"]:
                raise Wrong(f"the doctor says of limits: {limits}")
            one.push(toml='[limits]\nmemory = "64M"\nbuild_memory = "64M"\n', build="true\n")
            changed = one.succeeded()
            for step, words in (("building", r"note: \[limits\] build_memory is not held on this machine; `sluice doctor` says why"),
                                ("starting", "note: the limit of 64 MB of memory is not held on this machine; `sluice doctor` says why")):
                if not re.search(words, one.log(changed["id"], step)):
                    raise Wrong(f"the log of {step} does not say /{words}/: {one.log(changed['id'], step)}")
            said = one.sluice("stage set plain dev --memory 64MB", status=2)
            if "--memory: cannot be held" not in said:
                raise Wrong(f"a limit that cannot be held is answered with: {said}")
            one.serves(2)
        else:
            one.push()
            one.succeeded()
        # Processes are held for an ordinary user, too, by another means.
        one.push(build=FORKS, toml='[limits]\nbuild_timeout = "3s"\n')
        one.failed("building", r"build command `sh build\.sh` .*was ended after its limit of 3s; .*")
        one.serves(2)
        one.close()
