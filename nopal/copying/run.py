"""One copy over ssh: the machine's tar on one end, ours on the other."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..last_words import listen
from .ends import Copy
from .errors import CopyFailed, NoSuchSource, NotAsAsked
from .guest import AS_FILE, AS_NEW, INTO_FOLDER
from .receive import Target, receive, room_in
from .send import send
from .tally import Tally

_LONGEST_WORD = 16
_PADDING = 1 << 20
_ENDS_WITHIN_S = 5
_CONNECTION_BROKE = 255


@dataclass(frozen=True)
class Far:
    """The machine's end: a running ssh, and the last that was said on its stderr."""

    machine: str
    stdin: IO[bytes]
    stdout: IO[bytes]
    process: subprocess.Popen[bytes]
    listener: threading.Thread
    said: bytearray

    def ends(self) -> int:
        """Return the status once it has ended; one that goes on is ended."""
        try:
            return self.process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def failed(self) -> CopyFailed:
        """Return the error that tells what it said."""
        self.ends()
        self.listener.join()
        return CopyFailed(self.machine, self.said.decode(errors="replace").strip())


def bring(
    command: Sequence[str],
    machine: str,
    copy: Copy,
    tally: Tally,
    *,
    takes_git: bool = False,
    room: Callable[[Path], int] = room_in,
    within_s: float | None = None,
) -> int:
    """Copy out of a machine by `command`, which runs `pack_script` there.

    It is ended after `within_s` seconds, where that is given.

    Returns:
        0, or 1 when something was left out.

    Raises:
        MachineError: the copy could not be done, or was ended.
        Nameless: the source has no name of its own, and the destination is a folder.
    """
    target = Target.of(copy.dest.path, lambda: copy.source.name)
    with _running(command, machine, within_s) as far:
        far.stdin.close()
        try:
            receive(
                far.stdout,
                target,
                tally,
                file_name=copy.source.last,
                takes_git=takes_git,
                room=room,
            )
        except NotAsAsked as error:
            if error.is_cut_short and far.ends() != 0:
                raise far.failed() from error
            raise
        # tar fills its last record, and must not die of it; one that goes on for ever does.
        threading.Thread(target=far.stdout.read, args=(_PADDING,), daemon=True).start()
        if far.ends() != 0:
            tally.left_out(copy.source.path, far.failed().said)
    return 1 if tally.missing else 0


def give(command: Sequence[str], machine: str, copy: Copy, tally: Tally) -> int:
    """Copy into a machine by `command`, which runs `unpack_script` there.

    Returns:
        0, or 1 when something was left out.

    Raises:
        MachineError: the copy could not be done.
    """
    source = Path(copy.source.path)
    if not source.exists():
        raise NoSuchSource(source)
    names = {INTO_FOLDER: copy.source, AS_NEW: copy.dest, AS_FILE: copy.dest}
    with _running(command, machine) as far:
        word = far.stdout.readline(_LONGEST_WORD)
        if word not in names:
            raise far.failed()
        if word == AS_FILE and source.is_dir():
            raise CopyFailed(machine, f"{copy.dest.path} is a file there, no folder")
        try:
            send(source, names[word].name, far.stdin, tally)
            far.stdin.close()
        except BrokenPipeError:
            raise far.failed() from None
        if far.process.wait() != 0:
            raise far.failed()
    return 1 if tally.missing else 0


@contextmanager
def _running(command: Sequence[str], machine: str, within_s: float | None = None) -> Iterator[Far]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    # They are there, since each was asked for.
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:  # pragma: no cover
        raise RuntimeError
    said = bytearray()
    listener = threading.Thread(target=listen, args=(stderr, said), daemon=True)
    listener.start()
    limit = threading.Timer(within_s or 0, process.kill)
    limit.daemon = True
    if within_s:
        limit.start()
    try:
        yield Far(machine, stdin, stdout, process, listener, said)
    finally:
        limit.cancel()
        process.kill()
        process.wait()
        listener.join()
        for pipe in (stdout, stderr):
            pipe.close()
        with suppress(BrokenPipeError):  # what is left in its buffer has nowhere to go
            stdin.close()
