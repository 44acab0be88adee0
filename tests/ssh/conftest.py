from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sshd import PROGRAM, Agent, Sshd, running_agent, running_sshd
from step_shell import StepShell


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A server that lets this process's own user in."""
    if PROGRAM is None:
        pytest.skip("no sshd on this host")
    with running_sshd(tmp_path / "sshd") as server:
        yield server


@pytest.fixture
def ssh_agent() -> Iterator[Agent]:
    """An agent with one key, in a place short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="agent") as place, running_agent(Path(place)) as agent:
        yield agent


@pytest.fixture(params=["dash", "bash"])
def sh(request: pytest.FixtureRequest, tmp_path: Path) -> StepShell:
    """Each shell that may be a guest's `sh`, with a home of the test's own."""
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} on this host")
    home = tmp_path / "home"
    home.mkdir()
    return StepShell(request.param, home)
