"""The processes of a machine, by the files in which they left their numbers.

After a crash, or a restart of this computer, such a number can be somebody else's. Lima takes it
for the machine's: it calls the machine Running, and would kill that process.
"""

from __future__ import annotations

import os
from pathlib import Path

from lima.process import run

AGENT = "ha.pid"
_TOO_LARGE = 2**31
_OF_MACHINES = (AGENT, "qemu.pid", "vz.pid")


def forget_foreign(folder: Path) -> tuple[str, ...]:
    """Remove the files in `folder` whose process is not this machine's; return their names."""
    numbers = {name: _number(folder / name) for name in _OF_MACHINES if (folder / name).exists()}
    alive = sorted({number for number in numbers.values() if number is not None})
    commands = _commands(alive)
    foreign = [
        name
        for name, number in numbers.items()
        # One that is no number at all would make Lima call the machine broken for ever.
        if number is None or not _is_of(commands.get(number, ""), folder)
    ]
    for name in foreign:
        (folder / name).unlink(missing_ok=True)
    return tuple(foreign)


def is_tended(folder: Path) -> bool:
    """Whether Lima's agent of the machine lives, as far as a look without a process can tell."""
    number = _number(folder / AGENT)
    if number is None:
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _number(path: Path) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as stream:
        text = stream.read(20).strip()
    return int(text) if text.isdigit() and 1 < int(text) < _TOO_LARGE else None


def _commands(numbers: list[int]) -> dict[int, str]:
    """Return the command lines of those processes that there are."""
    if not numbers:
        return {}
    wanted = ",".join(map(str, numbers))
    # One -o each: macOS takes what follows an equals sign for the heading.
    listing = run(("ps", "-ww", "-o", "pid=", "-o", "args=", "-p", wanted)).stdout
    rows = (line.split(None, 1) for line in listing.splitlines())
    return {int(row[0]): row[1] for row in rows if len(row) > 1}


def _is_of(command: str, folder: Path) -> bool:
    """Whether a command line is of QEMU or Lima's agent at work on `folder`.

    Not by the whole path, of which a part may be a link: one of ours must never pass for foreign.
    """
    return f"/{folder.name}/" in command
