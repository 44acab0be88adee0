"""A machine's verbs on a real sshd in place of Lima's."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from sample_steps import Broken, Text
from sshd import Sshd, live_master

from guard.host_keys import PinStore, alias
from lima.images import catalogue
from lima.spec import MachineSpec
from nopal.driver import Driver
from nopal.machine import Machine
from nopal.over_master import glance
from nopal.report import Reporter
from nopal.screen import PlainScreen
from nopal.ssh_command import ssh_command
from nopal.state import MachineState, StateStore, remember
from nopal.update import update_machine
from nopal.wish import Wish
from provision.errors import StepFailed
from provision.select import Selection
from provision.step import Step
from provision.transport.dial import connect_fabric
from provision.transport.master import Master
from provision.transport.openssh import SSH_FAILED, OpenSshTransport


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


def test_an_update_brings_the_machine_up_first_and_remembers_the_same_wish(bench: Bench) -> None:
    wish = bench.wish(Text(bench.place / "a", tags=("base",)))
    done = update_machine(bench.machine, wish, only={"base"})
    assert (bench.place / "a").exists()
    assert (done.moved, done.outcome.is_converged) == ((), True)
    assert bench.converged == wish.digest


@pytest.fixture
def master(bench: Bench, sshd: Sshd) -> Iterator[subprocess.Popen[bytes]]:
    """A live master where the machine's state says that Lima keeps one."""
    with tempfile.TemporaryDirectory(prefix="m") as place:
        path = Path(place) / "s"
        states = bench.machine.states
        state = states.read("blog")
        assert state.ssh is not None
        ssh = msgspec.structs.replace(state.ssh, control_path=str(path))
        states.write(msgspec.structs.replace(state, ssh=ssh))
        with live_master(sshd, path) as process:
            yield process


def test_a_machine_that_is_right_is_seen_over_the_live_master_in_one_exec(
    bench: Bench, sshd: Sshd, master: subprocess.Popen[bytes]
) -> None:
    wish = bench.wish(Text(bench.place / "a"))
    bench.machine.up(wish)
    before = (sshd.connections, sshd.execs)
    assert bench.machine.up(wish).is_converged
    assert bench.machine.plan(wish) == ()
    assert bench.machine.converge(wish).execs == 1
    assert (sshd.connections, sshd.execs) == (before[0], before[1] + 3)


def test_a_master_over_which_all_holds_is_fit_for_commands_until_another_takes_its_place(
    bench: Bench, sshd: Sshd, master: subprocess.Popen[bytes]
) -> None:
    bench.machine.up(bench.wish(Text(bench.place / "a")))
    address = bench.machine.quick_address() or pytest.fail("no address")
    assert bench.machine.states.read("blog").fit_master == Master(address).identity != ""
    before = sshd.connections
    command = ssh_command(address, script="exit 7", over_master=True)
    assert subprocess.run(command, check=False).returncode == 7
    assert sshd.connections == before
    master.kill()
    master.wait()
    assert Master(address).identity == ""
    assert subprocess.run(command, check=False).returncode == SSH_FAILED
    assert sshd.connections == before


def test_what_a_master_shows_to_be_wrong_is_mended_by_a_login_of_ones_own(
    bench: Bench, sshd: Sshd, master: subprocess.Popen[bytes]
) -> None:
    wish = bench.wish(Text(bench.place / "a"))
    bench.machine.up(wish)
    (bench.place / "a").unlink()
    before = sshd.connections
    assert [result.status for result in bench.machine.up(wish).results] == ["changed"]
    assert sshd.connections == before + 1
    assert bench.machine.states.read("blog").poor_master == ""


def test_a_master_that_has_less_than_a_new_login_is_not_asked_again(
    bench: Bench, sshd: Sshd, master: subprocess.Popen[bytes]
) -> None:
    transport = OpenSshTransport(bench.machine.quick_address() or pytest.fail("no address"))
    own: list[str] = []
    transport.run('echo "$SSH_CONNECTION"', own.append)
    look = f'[ "$SSH_CONNECTION" = "{own[0]}" ] && echo less || echo all'
    wish = bench.wish(Broken("rights", look, wanted="all"))
    bench.machine.up(wish)
    costs = []
    for _ in range(2):
        before = sshd.execs
        assert bench.machine.up(wish).is_converged
        costs.append(sshd.execs - before)
    assert costs == [2, 1]


def test_a_master_that_never_answers_is_left_for_a_login_of_ones_own(
    bench: Bench, master: subprocess.Popen[bytes]
) -> None:
    wish = bench.wish(Text(bench.place / "a", "x" * 200_000))
    bench.machine.up(wish)
    os.kill(master.pid, signal.SIGSTOP)
    address = bench.machine.quick_address()
    assert address is not None
    log = io.StringIO()
    seen = glance(address, wish.steps, log, answers_within_s=0.5)
    assert (seen.master != "", seen.outcome) == (True, None)
    assert "no answer within 0.5 s" in log.getvalue()
    again = glance(address, wish.steps, log, poor=seen.master)
    assert again.master == ""


def test_without_a_master_nothing_is_asked_over_it(bench: Bench) -> None:
    address = bench.machine.quick_address()
    assert address is not None
    assert glance(address, (), io.StringIO()).master == ""
