"""A real broker's process in a place of its own, over real agents."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agent_messages import encoded, message
from guard_fixtures import ENV
from raw_agent import raw_client

from guard.keys.client import BrokerClient
from guard.keys.policy import KeyPolicy
from guard.keys.protocol import SignRequest
from guard.public_key import PublicKey
from guard.ssh_agent import AgentUnreachable, list_keys

FAILURE, SIGNED = 5, 14


@contextmanager
def running_broker(environ: Mapping[str, str] = ENV) -> Iterator[BrokerClient]:
    """Give a client whose broker, once something started it, ends with the block."""
    # Not tmp_path: a socket's path may have 104 bytes on macOS.
    place = Path(tempfile.mkdtemp(prefix="nk-"))
    client = BrokerClient(place / "b", environ=environ)
    try:
        yield client
    finally:
        if client.is_running():
            client.stop()
        shutil.rmtree(place)


def through(socket: Path, *argv: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command whose agent is at `socket`."""
    return subprocess.run(
        [str(one) for one in argv],
        env={**ENV, "SSH_AUTH_SOCK": str(socket)},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def policy(agent: Path, **changes: object) -> KeyPolicy:
    fields: dict[str, object] = {
        "project": "blog",
        "exposed": ("one",),
        "sign": {"git": "allow"},
        "upstream": (str(agent),),
    }
    return KeyPolicy(**(fields | changes))  # type: ignore[arg-type]


def signs(socket: Path, key: PublicKey) -> int:
    """Ask for a commit's signature; return the answer's number."""
    with raw_client(socket) as client:
        return (client.ask(encoded(SignRequest(key.blob, message(), 0))) or b"\0")[0]


def eventually(is_so: Callable[[], object], within_s: float = 30) -> None:
    until = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def lists(socket: Path) -> tuple[PublicKey, ...]:
    try:
        return list_keys(socket)
    except AgentUnreachable:
        return ()
