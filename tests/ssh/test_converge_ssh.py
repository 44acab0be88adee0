"""The engine over a real sshd, which counts what it is asked."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sample_steps import Broken, Joint, Recorder, Text
from sshd import Agent, Sshd, running_sshd

from provision.engine import Outcome, converge
from provision.errors import GuestUnreachable
from provision.report import SilentReport
from provision.step import Step
from provision.steps.file import File
from provision.transport import Transport, Uploads
from provision.transport.dial import connect_fabric
from provision.transport.openssh import OpenSshTransport


@pytest.fixture(params=["fabric", "openssh"])
def transport(request: pytest.FixtureRequest, sshd: Sshd, ssh_agent: Agent) -> Iterator[Transport]:
    """Reach the server as its own user, with an agent at hand."""
    chosen: Transport = (
        connect_fabric(sshd.address(), agent_socket=ssh_agent.socket, accept_new=True)
        if request.param == "fabric"
        else OpenSshTransport(sshd.address(), agent_socket=ssh_agent.socket, accept_new=True)
    )
    yield chosen
    chosen.close()


def run(transport: Transport, *steps: Step) -> Outcome:
    own = [replace(step, run_as="login") for step in steps]
    return converge(transport, own, SilentReport())


def test_a_no_op_is_one_exec_at_the_server_and_a_first_converge_three(
    transport: Transport, sshd: Sshd, tmp_path: Path
) -> None:
    steps: list[Step] = [Text(tmp_path / f"f{n}", f"it's {n}\t\\") for n in range(40)]
    steps += [Joint(tmp_path / f"j{n}") for n in range(40)]
    assert run(transport, *steps).is_converged
    assert sshd.execs == 3
    assert run(transport, *steps).changed == ()
    assert sshd.execs == 4


def test_a_probe_that_hangs_holds_up_no_connection_and_leaves_nothing_running(
    transport: Transport, sshd: Sshd, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    hangs = Broken("hangs", f"trap '' HUP TERM; sleep 500 & echo $! >{pid}; wait")
    own = [replace(step, run_as="login") for step in (hangs, Text(tmp_path / "a"))]
    outcome = converge(transport, own, SilentReport(), dry_run=True, probe_limit_s=1)
    assert [result.status for result in outcome.results] == ["failed", "would change"]
    assert sshd.execs == 2
    process = Path(f"/proc/{pid.read_text().strip()}/cmdline")
    # One that ended may wait for somebody to ask how; then it has no command line any more.
    assert not process.exists() or process.read_bytes() == b""


def test_changes_larger_than_an_argument_go_on_stdin(
    transport: Transport, sshd: Sshd, tmp_path: Path
) -> None:
    big = "word's \\ " * 40_000
    steps = [Text(tmp_path / "big", big.strip()), Text(tmp_path / "small")]
    assert run(transport, *steps).is_converged
    assert (tmp_path / "big").read_text() == big.strip() + "\n"
    assert (run(transport, *steps).execs, sshd.execs) == (1, 4)


def uploads(sshd: Sshd) -> int:
    return sshd.log.count("subsystem 'sftp'")


BIG = bytes(range(256)) * 1024


def test_big_files_go_by_sftp_where_that_is_to_be_had(
    transport: Transport, sshd: Sshd, tmp_path: Path
) -> None:
    def big(name: str) -> File:
        return File(str(tmp_path / name), BIG, mode="0600", sensitive=True)

    log = io.StringIO()
    small = File(str(tmp_path / "small"), b"small")
    own = [replace(step, run_as="login") for step in (big("one"), small, big("two"))]
    outcome = converge(transport, own, SilentReport(), log=log)
    assert (outcome.is_converged, outcome.execs) == (True, 3)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes() == BIG
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert uploads(sshd) == (1 if isinstance(transport, Uploads) else 0)
    assert run(transport, *own).execs == 1
    assert uploads(sshd) <= 1


def test_what_was_uploaded_is_private_and_gone_afterwards(sshd: Sshd, tmp_path: Path) -> None:
    with connect_fabric(sshd.address(), accept_new=True) as transport:
        with transport.uploaded([BIG, b"two"]) as paths:
            assert paths is not None
            one, two = map(Path, paths)
            assert (one.read_bytes(), two.read_bytes()) == (BIG, b"two")
            assert one.parent.stat().st_mode & 0o777 == 0o700
        assert not one.parent.exists()


def test_a_guest_without_sftp_gets_big_files_within_the_script(tmp_path: Path) -> None:
    file = File(str(tmp_path / "big"), BIG, run_as="login")
    with (
        running_sshd(tmp_path / "sshd", takes_files=False) as sshd,
        connect_fabric(sshd.address(), accept_new=True) as transport,
    ):
        assert converge(transport, [file], SilentReport()).is_converged
    assert (tmp_path / "big").read_bytes() == BIG


def test_the_agent_meets_only_the_steps_that_need_it(
    transport: Transport, ssh_agent: Agent, tmp_path: Path
) -> None:
    def keys(name: str) -> Broken:
        to = tmp_path / name
        return Broken(name, f"ssh-add -l; cat {to}", f"ssh-add -l >{to} 2>&1 || true")

    outcome = run(
        transport, keys("before"), replace(keys("clone"), needs_agent=True), keys("after")
    )
    states = {result.id: result.detail for result in outcome.results}
    assert ssh_agent.fingerprint in states["broken:clone"]
    assert ssh_agent.fingerprint not in states["broken:before"] + states["broken:after"]


def test_a_connection_that_breaks_once_is_resumed(
    transport: Transport, sshd: Sshd, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    # What was running ends on its own, and is looked at only then.
    slow = f"echo once >>{ran}; echo cut; sleep 2; [ ! -e {tmp_path}/b ]"
    steps = [Text(tmp_path / "a"), Text(tmp_path / "b", before=slow), Text(tmp_path / "c")]
    recorder = Recorder()

    class Cutting(Recorder):
        def step_says(self, step_id: str, line: str) -> None:
            recorder.step_says(step_id, line)
            if line == "cut":
                sshd.cut_connections()

    own = [replace(step, run_as="login") for step in steps]
    outcome = converge(transport, own, Cutting())
    assert outcome.is_converged
    assert ran.read_text() == "once\n"
    assert (tmp_path / "c").exists()
    # Probe, apply, wait, probe, apply, proof.
    assert (outcome.execs, sshd.execs) == (6, 6)
    assert "the connection broke" in recorder.events[-1][2]


def test_a_connection_that_breaks_twice_names_the_step_and_the_next_run_finishes(
    transport: Transport, sshd: Sshd, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    steps = [
        Text(tmp_path / "a"),
        Text(tmp_path / "b", before=f"[ -e {again} ] || {{ echo cut; sleep 2; exit 1; }}"),
        Text(tmp_path / "c"),
    ]

    class Cutting(SilentReport):
        def step_says(self, step_id: str, line: str) -> None:
            sshd.cut_connections()

    with pytest.raises(GuestUnreachable) as caught:
        converge(transport, [replace(step, run_as="login") for step in steps], Cutting())
    assert caught.value.step == "text:b"
    assert (tmp_path / "a").exists()
    again.touch()
    outcome = run(transport, *steps)
    assert [result.status for result in outcome.results] == ["ok", "changed", "changed"]


@pytest.mark.skipif(os.geteuid() != 0, reason="logs in as root")
def test_root_needs_no_sudo(transport: Transport, tmp_path: Path) -> None:
    steps = [Text(tmp_path / "a"), Text(tmp_path / "b", run_as="login")]
    assert converge(transport, steps, SilentReport()).is_converged
