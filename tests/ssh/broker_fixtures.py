"""A real broker's process in a place of its own, over real agents."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from guard_fixtures import ENV

from guard.keys.client import BrokerClient


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
