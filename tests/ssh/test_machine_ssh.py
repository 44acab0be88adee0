"""A machine's verbs on a real sshd in place of Lima's."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sample_steps import Broken, Text
from sshd import Sshd

from guard.host_keys import PinStore, alias
from lima.images import catalogue
from lima.spec import MachineSpec
from nopal.driver import Driver
from nopal.machine import Machine
from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.state import MachineState, StateStore, remember
from nopal.wish import Wish
from provision.errors import StepFailed
from provision.select import Selection
from provision.step import Step
from provision.transport.fabric import connect_fabric


def no_driver() -> Driver:
    raise AssertionError("a machine that answers needs no driver")


@dataclass
class Bench:
    """One machine that answers, and its surroundings."""

    machine: Machine
    place: Path

    def wish(self, *steps: Step) -> Wish:
        own = tuple(replace(step, run_as="login") for step in steps)
        image = catalogue("debian-13", "x86_64")
        return Wish(MachineSpec(name="blog", image=image, vm_type="qemu", machine="x86_64"), own)

    @property
    def converged(self) -> str:
        return self.machine.states.read("blog").converged

    @property
    def log(self) -> str:
        return self.machine.reporter.log_path.read_text()


@pytest.fixture
def bench(sshd: Sshd, tmp_path: Path) -> Iterator[Bench]:
    pins = PinStore(tmp_path / "known_hosts")
    address = sshd.address(known_hosts=pins.path, host_key_alias=alias("blog"))
    connect_fabric(address, accept_new=True).close()
    states = StateStore(tmp_path / "state")
    states.write(MachineState(name="blog", ssh=remember(address), pinned=True))
    reporter = Reporter("blog", PlainScreen(io.StringIO()), tmp_path / "blog.log")
    with reporter:
        yield Bench(Machine("blog", no_driver, states, pins, reporter), tmp_path)


def test_a_converge_is_remembered_but_not_one_of_chosen_steps(bench: Bench) -> None:
    wish = bench.wish(Text(bench.place / "a", tags=("base",)), Text(bench.place / "b"))
    bench.machine.converge(wish.chosen(Selection(only="base")), is_whole=False)
    assert (bench.place / "a").exists()
    assert not (bench.place / "b").exists()
    assert bench.converged == ""
    bench.machine.converge(wish)
    assert bench.converged == wish.digest


def test_the_log_holds_what_probe_apply_and_proof_said(bench: Bench) -> None:
    bench.machine.up(bench.wish(Text(bench.place / "a", "wanted", before="echo doing it")))
    parts = bench.log.partition("# apply\n")
    assert "# probe\n" in parts[0]
    assert "# begin text:a\ndoing it\n# end text:a\n" in parts[2]
    assert "# proof\n" in parts[2]
    assert "# state text:a\nwanted\n" in parts[2]


def test_up_may_go_on_after_a_failure(bench: Bench) -> None:
    wish = bench.wish(Broken("bad", act="false"), Text(bench.place / "b"))
    with pytest.raises(StepFailed):
        bench.machine.up(wish)
    assert not (bench.place / "b").exists()
    with pytest.raises(StepFailed):
        bench.machine.up(wish, keep_going=True)
    assert (bench.place / "b").exists()
    assert bench.converged == ""
