"""SIGKILL and Ctrl-C while a real limactl works on machines that have nothing to boot.

Each cut takes seconds, since nobody waits for a guest: `test_kills.py` has those that do. After
each the next verb finishes, nothing is left over, and no other machine was touched.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from person import CHECKOUT, INV, Person, processes_about
from survivor import BYSTANDER, Survivor

pytestmark = pytest.mark.timeout(900)

NAME = "hollow"
DRAWN = random.Random(7)
RUNS = "(starting|waiting for its boot) …"


@dataclass(frozen=True)
class Cut:
    """One kill: of which verb, in which state of the machine, and when."""

    verb: str
    line: str
    later_s: float
    begins: Literal["nothing", "made", "running"]
    always: bool = False

    def __str__(self) -> str:
        moment = self.line.removesuffix(" …") or "start"
        return f"{self.verb} of {self.begins} at {moment}+{self.later_s:.1f}s"


STAGES = (
    *(Cut("up", "creating the machine …", s, "nothing", s == 0.3) for s in (0, 0.1, 0.3, 0.6, 1)),
    *(Cut("up", "starting …", s, "nothing", s == 1) for s in (0, 0.3, 1, 3)),
    *(Cut("up", "starting …", s, "made") for s in (0, 0.5, 2)),
    Cut("up", "waiting for its boot …", 0, "running"),
    *(Cut("down", "stopping …", s, "running", s == 0.1) for s in (0, 0.1, 0.5)),
    *(Cut("destroy", "destroying …", s, "running", s == 0.1) for s in (0, 0.1, 0.3, 0.6)),
    *(Cut("destroy", "destroying …", s, "made") for s in (0, 0.2)),
    Cut("destroy", "destroying: done", 0, "running"),
)
RANDOM = tuple(
    Cut(verb, "", round(DRAWN.uniform(0.3, most_s), 1), begins)
    for verb, most_s, begins in (
        *(("up", 6, "nothing"),) * 4,
        *(("up", 4, "made"),) * 2,
        *(("down", 3, "running"),) * 2,
        *(("destroy", 3, "running"),) * 3,
    )
)
FLAGS = {"up": ("--no-golden",), "down": ("--force",), "destroy": ("--yes",)}


@dataclass(frozen=True)
class Hollow(Survivor):
    """A machine whose disk is empty: it is made, starts and runs, and nobody is in it."""

    name: str = NAME

    def destroyed(self) -> None:
        self.inv("destroy", "--yes")
        assert processes_about(f"{self.folder}/") == []
        assert not self.folder.exists()
        state = self.person.state / "state"
        assert [path for path in state.rglob("*") if NAME in path.name] == []

    def interrupted(self) -> str:
        """Type `up`, and Ctrl-C once QEMU runs; return what was told, the end included."""
        with subprocess.Popen(
            [str(INV), "up", "--no-golden", "-p", NAME],
            env=self.person.environment(),
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as typed:
            assert typed.stderr is not None
            told = ""
            for said in typed.stderr:
                told += said
                if re.search(RUNS, said):
                    break
            while not self.processes("qemu-system") and typed.poll() is None:
                time.sleep(0.2)
            os.killpg(typed.pid, signal.SIGINT)
            told += typed.stderr.read()
        assert typed.returncode == 130, told
        return told

    def processes(self, program: str) -> list[str]:
        return [line for line in processes_about(f"{self.folder}/") if program in line]

    def begin(self, state: str) -> None:
        """Bring the machine to where the verb begins."""
        self.destroyed()
        if state == "nothing":
            return
        self.interrupted()
        if state == "made":
            self.inv("down", "--force")


@pytest.fixture(scope="module")
def hollow(place: Path) -> Iterator[Hollow]:
    hollow = Hollow(Person(place / "eve"))
    disk = place / "hollow.qcow2"
    subprocess.run(("qemu-img", "create", "-q", "-f", "qcow2", str(disk), "1G"), check=True)
    digest = hashlib.sha256(disk.read_bytes()).hexdigest()
    hollow.person.projects_file.parent.mkdir(parents=True)
    hollow.person.projects_file.write_text(
        f'[projects.{NAME}]\nimage = "{disk}#sha256:{digest}"\ncpus = 1\nmemory = "1GiB"\n'
        'disk = "5GiB"\nports = "none"\nprofiles = []\n'
    )
    try:
        hollow.make_bystander()
        yield hollow
    finally:
        for name in (NAME, BYSTANDER):
            hollow.person.inv("destroy", "--yes", "-p", name, status=None)


def test_an_interrupt_while_lima_starts_a_machine_says_what_it_leaves(hollow: Hollow) -> None:
    hollow.begin("nothing")
    told = hollow.interrupted()
    assert (
        f"{NAME}: interrupted: the machine goes on booting; `inv up -p {NAME}` waits for it\n"
        "interrupted; the next run goes on from here\n"
    ) in told
    assert hollow.processes("limactl --log-format=json start") == []
    assert len(hollow.processes("qemu-system")) == 1


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param(cut, id=str(cut), marks=() if cut.always else pytest.mark.kills)
        for cut in (*STAGES, *RANDOM)
    ],
)
def test_the_next_verb_finishes_what_was_killed(hollow: Hollow, cut: Cut) -> None:
    hollow.begin(cut.begins)
    before = hollow.bystander()
    hollow.killed((cut.verb, *FLAGS[cut.verb]), cut.line, cut.later_s)
    if cut.verb == "destroy":
        hollow.destroyed()
    if cut.verb == "down":
        hollow.inv("down", "--force")
        assert hollow.processes("") == []
        assert hollow.statuses()[NAME] == "Stopped"
    hollow.interrupted()
    assert len(hollow.processes("qemu-system")) == 1
    assert len(hollow.processes("hostagent")) == 1
    assert hollow.statuses() == {NAME: "Running", BYSTANDER: "Stopped"}
    hollow.destroyed()
    assert hollow.bystander() == before
