"""Does what `inv apply` does, step by step, and prints how many milliseconds each took."""

from __future__ import annotations

import itertools
import json
import sys
import time

CLOCK = [("", time.perf_counter())]


def took(what: str) -> None:
    """Note that `what` is done."""
    CLOCK.append((what, time.perf_counter()))


import invoke  # noqa: E402, F401

took("load Invoke")
from nopal import ns  # noqa: E402, F401

took("load nopal's verbs and profiles")
import tasks  # noqa: E402

took("load the kinds of steps that the task names")
import provision  # noqa: E402

connect = provision.connect_fabric
took("load what connects")
transport = connect(tasks.address())
took("load paramiko while the server is dialled, authenticate")
converge = provision.converge
took("load the engine")
transport.run("exit 0", lambda _line: None)
took("open a session (the server's PAM), run nothing")
converge(transport, tasks.steps(), provision.SilentReport())
took("probe, read, plan")
transport.close()
stages = [(what, (end - begin) * 1000) for (_, begin), (what, end) in itertools.pairwise(CLOCK)]
sys.stdout.write(json.dumps(stages) + "\n")
