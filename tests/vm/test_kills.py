"""SIGKILL at every stage of the verbs that change a machine, and at random moments.

After each, the next `up` finishes, nothing is left over, and no other machine was touched. Each
takes a boot, so they run by `pytest -m kills` only; `test_kills_of_lima.py` has those that do not.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import pytest
from survivor import Survivor

pytestmark = [pytest.mark.kills, pytest.mark.timeout(3600)]

DRAWN = random.Random(20)


@dataclass(frozen=True)
class Kill:
    """One cut: of which verb, from which state, and when."""

    verb: str
    line: str
    """What the verb tells when the moment has come; empty for its very beginning."""
    later_s: float = 0.0
    begins: Literal["nothing", "stopped", "running", "changed"] = "running"
    flags: tuple[str, ...] = ()

    def __str__(self) -> str:
        later = f"+{self.later_s:.1f}s" if self.later_s else ""
        moment = self.line.removesuffix(" …") or "start"
        return f"{self.verb} of {self.begins} at {moment}{later}"


STAGES = (
    Kill("up", "creating the machine …", begins="nothing"),
    Kill("up", "creating the machine …", 1.0, begins="nothing"),
    Kill("up", "(starting|resuming) …", begins="nothing"),
    Kill("up", "(starting|resuming) …", 15.0, begins="nothing"),
    Kill("up", "(starting|resuming): done", begins="nothing"),
    Kill("up", "", 0.3, begins="stopped"),
    Kill("up", "starting …", begins="stopped"),
    Kill("up", "starting …", 30.0, begins="stopped"),
    Kill("up", "starting: done", begins="stopped"),
    Kill("up", r"AGENTS\.md.* …", begins="changed"),
    Kill("provision", "", 1.0, begins="changed"),
    Kill("provision", r"AGENTS\.md.* …", begins="changed"),
    Kill("down", "stopping …"),
    Kill("down", "stopping …", 5.0),
    Kill("down", "stopping: done"),
    Kill("destroy", "destroying …", flags=("--yes",)),
    Kill("destroy", "destroying …", 0.2, flags=("--yes",)),
    Kill("destroy", "destroying: done", flags=("--yes",)),
    Kill("bake", "making a golden machine", flags=("--refresh",)),
    Kill("bake", "creating the machine …", flags=("--refresh",)),
    Kill("bake", "starting …", 20.0, flags=("--refresh",)),
    Kill("bake", "taking the identity", flags=("--refresh",)),
    Kill("bake", "keeping the golden machine …", 0.5, flags=("--refresh",)),
    Kill("bake", "keeping its memory …", 1.0, flags=("--refresh",)),
)
RANDOM = tuple(
    Kill(verb, "", round(DRAWN.uniform(0, most_s), 1), begins=begins, flags=flags)
    for verb, most_s, begins, flags in (
        ("up", 20, "nothing", ()),
        ("up", 60, "nothing", ()),
        ("up", 60, "stopped", ()),
        ("provision", 10, "changed", ()),
        ("down", 15, "running", ()),
        ("destroy", 5, "running", ("--yes",)),
        ("bake", 120, "running", ("--refresh",)),
    )
)


@pytest.mark.parametrize("kill", [*STAGES, *RANDOM], ids=str)
def test_the_next_up_finishes_what_was_killed(survivor: Survivor, kill: Kill) -> None:
    before = survivor.bystander()
    begin(survivor, kill)
    survivor.killed((kill.verb, *kill.flags), kill.line, kill.later_s)
    told = survivor.inv("up")
    if kill.verb == "bake":
        # Half a golden machine is no business of `up`, which has none to make.
        told += survivor.person.inv("prune").err
    assert survivor.leftovers() == [], told
    assert survivor.run("echo alive; hostname") == "alive\nlima-tough"
    assert survivor.bystander() == before


def begin(survivor: Survivor, kill: Kill) -> None:
    """Bring the machine, which runs, to the state in which the verb begins."""
    if kill.begins == "nothing":
        survivor.inv("destroy", "--yes")
    elif kill.begins == "stopped":
        survivor.inv("down")
    elif kill.begins == "changed":
        survivor.run("rm -f ~/AGENTS.md")
