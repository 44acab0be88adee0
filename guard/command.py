"""Runs one short command of the host, never longer than its time.

The command gets a process group of its own, so that at the time-out its children go with it. One
that may ask the person for a password keeps their terminal instead.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NOT_FOUND = 127
TIMED_OUT = 124
_GRACE_S = 2.0


@dataclass(frozen=True)
class Completed:
    """How a command ended; output that is not UTF-8 is kept by surrogate escapes."""

    status: int
    stdout: str
    stderr: str

    @property
    def has_timed_out(self) -> bool:
        """Whether the command was ended because its time was up."""
        return self.status == TIMED_OUT

    @property
    def is_missing(self) -> bool:
        """Whether there is no such program."""
        return self.status == NOT_FOUND


Run = Callable[..., Completed]
"""`run(argv, env, *, timeout_s, cwd, on_terminal)`: the shape of run_command, for tests."""


def run_command(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    timeout_s: float = 5.0,
    cwd: Path = Path("/"),
    on_terminal: bool = False,
) -> Completed:
    """Run `argv` with exactly `env` and with nothing on its standard input.

    With `on_terminal` it keeps the person's terminal, by which it may ask for a password; it is
    then ended alone at its time-out, not with what it started.

    Returns:
        The result; status 127 when the program is missing, 124 when its time was up.
    """
    try:
        process = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=not on_terminal,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        return Completed(NOT_FOUND, "", f"{argv[0]}: {error.strerror}")
    status: int | None = None
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        status = TIMED_OUT
        _end(process, has_group=not on_terminal)
        try:
            stdout, stderr = process.communicate(timeout=_GRACE_S)
        except subprocess.TimeoutExpired as error:
            # Something that left the group still holds the pipe; its words are not waited for.
            stdout, stderr = error.stdout or b"", error.stderr or b""
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
    except BaseException:
        _end(process, has_group=not on_terminal)
        process.wait()
        raise
    return Completed(
        process.returncode if status is None else status,
        stdout.decode("utf-8", "surrogateescape"),
        stderr.decode("utf-8", "surrogateescape"),
    )


def _end(process: subprocess.Popen[bytes], *, has_group: bool) -> None:
    if not has_group:
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
