"""A machine's memory on its way to a file and back, over QEMU's monitor.

QEMU gets the open file, not its path: it may run as a user who cannot look there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from lima.errors import QmpFailed, ResumeFailed
from lima.qmp import Qmp
from lima.sleepers import comparable

_POLL_S = 0.05
_STARTS_WITHIN_S = 60
_MOVES_WITHIN_S = 300
_ANY_BANDWIDTH = 10 << 30
_URI = "fd:memory"


def save(folder: Path, memory: Path) -> tuple[str, tuple[str, ...]]:
    """Write the memory of the running machine in `folder` to the new file `memory`, and end it.

    Returns:
        QEMU's version, and its command line as far as the memory relies on it.

    Raises:
        ResumeFailed: that failed; the machine may still run.
    """
    try:
        with Qmp(folder / "qmp.sock") as qmp, memory.open("xb") as file:
            facts = qmp.version, _command(folder)
            qmp.execute("stop")
            # It holds whatever the guest had in mind, so nobody else reads it.
            memory.chmod(0o600)
            qmp.execute("migrate-set-parameters", max_bandwidth=_ANY_BANDWIDTH)
            qmp.execute("getfd", fd=file.fileno(), fdname="memory")
            qmp.execute("migrate", uri=_URI)
            _wait(qmp)
            qmp.quit()
            return facts
    except (OSError, QmpFailed) as error:
        raise ResumeFailed(str(error)) from error


def load(
    folder: Path,
    memory: Path,
    check: Callable[[str, tuple[str, ...]], None],
    has_ended: Callable[[], bool],
) -> None:
    """Give the machine in `folder`, which waits for it, its memory, and let it go on.

    `check` is called with what `save` returned for the one that is in `memory`; `has_ended` tells
    that nobody is going to wait any more.

    Raises:
        ResumeFailed: that failed. Whatever `check` raises.
    """
    try:
        with memory.open("rb") as file, _connected(folder, has_ended) as qmp:
            check(qmp.version, _command(folder))
            qmp.execute("getfd", fd=file.fileno(), fdname="memory")
            qmp.execute("migrate-incoming", uri=_URI)
            _wait(qmp)
            qmp.execute("cont")
    except (OSError, QmpFailed) as error:
        raise ResumeFailed(str(error)) from error


def _connected(folder: Path, has_ended: Callable[[], bool]) -> Qmp:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while not (folder / "qmp.sock").exists():
        if has_ended() or time.monotonic() > deadline:
            raise ResumeFailed("QEMU did not start")
        time.sleep(_POLL_S)
    return Qmp(folder / "qmp.sock")


def _wait(qmp: Qmp) -> None:
    deadline = time.monotonic() + _MOVES_WITHIN_S
    while True:
        answer = qmp.execute("query-migrate")
        status = answer.get("status") if isinstance(answer, dict) else None
        if status == "completed":
            return
        if status in {"failed", "cancelled"}:
            why = answer.get("error-desc", status) if isinstance(answer, dict) else status
            raise ResumeFailed(f"QEMU could not move the memory: {why}")
        if time.monotonic() > deadline:
            raise ResumeFailed("QEMU moves the memory for too long")
        time.sleep(_POLL_S)


def _command(folder: Path) -> tuple[str, ...]:
    process = int((folder / "qemu.pid").read_text(encoding="ascii"))
    words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    return comparable([os.fsdecode(word) for word in words[:-1]], folder)
