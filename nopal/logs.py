"""What `inv logs` shows: the logs of one machine, nopal's own and its driver's, in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lima.logs import MachineLog, logs_of

from .errors import ProjectError
from .log_files import LogFile
from .plain_text import plain

_LOOKS_EVERY_S = 0.3


@dataclass(eq=False)
class NoSuchLog(ProjectError):
    """A log was asked for by a name that none has."""

    name: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return f"there is no log {self.name!r}; there are: {', '.join(self.known)}"


def logs(converge: Path, folder: Path, chosen: Sequence[str] = ()) -> tuple[MachineLog, ...]:
    """Return the logs of a machine: `converge` is nopal's file, `folder` the machine's.

    Raises:
        NoSuchLog: one of `chosen` is the name of none.
    """
    every = (MachineLog("converge", "what nopal did to it", converge), *logs_of(folder))
    known = {log.name: log for log in every}
    for name in chosen:
        if name not in known:
            raise NoSuchLog(name, tuple(known))
    return tuple(known[name] for name in dict.fromkeys(chosen)) or every


def show(
    wanted: Sequence[MachineLog],
    lines: int,
    *,
    follows: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[str]:
    """Yield the last `lines` lines (0: all) of each log; with `follows`, what is written after.

    Several logs are told apart: by a heading each, and by the name in front of what comes later.
    """
    with ExitStack() as stack:
        files = [(log, LogFile(log.path)) for log in wanted]
        for _log, file in files:
            stack.callback(file.close)
        is_many = len(files) > 1
        for number, (log, file) in enumerate(files):
            if is_many:
                blank = "\n" if number else ""
                yield f"{blank}--- {log.name}: {log.about} ({log.path})"
            said = _in_words(log, file.new())
            yield from said[-lines:] if lines else said
        while follows:
            for log, file in files:
                front = f"{log.name}: " if is_many else ""
                yield from (f"{front}{line}" for line in _in_words(log, file.new()))
            sleep(_LOOKS_EVERY_S)


def _in_words(log: MachineLog, lines: Sequence[str]) -> list[str]:
    worded = (plain(log.in_words(line)) for line in lines)
    return [line for line in worded if line.strip()]
