from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from broker_fixtures import running_broker
from guard_fixtures import make_key
from guard_fixtures import ssh_agent as agent_of
from sshd import PROGRAM, Agent, Sshd, running_agent, running_sshd
from step_shell import StepShell

from guard.keys.client import BrokerClient
from guard.public_key import PublicKey


@pytest.fixture(autouse=True)
def no_broker_stays(request: pytest.FixtureRequest) -> Iterator[None]:
    """End the key brokers that verbs started for a home below the test's own folder.

    They serve the machines of that home for as long as it is there, which pytest sees to.
    """
    place = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    for control in place.rglob("control.sock") if place else ():
        BrokerClient(control.parent).stop()


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


@pytest.fixture
def broker() -> Iterator[BrokerClient]:
    """A key broker that nobody started yet."""
    with running_broker() as client:
        yield client


@pytest.fixture
def one(tmp_path: Path) -> PublicKey:
    """The key `one`, of which `agent` holds the private half."""
    return make_key(tmp_path, "one")


@pytest.fixture
def agent(tmp_path: Path, one: PublicKey) -> Iterator[Path]:
    """The socket of an agent with just that key."""
    assert one.comment == "one"
    with agent_of(tmp_path / "one") as path:
        yield path
