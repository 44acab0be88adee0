"""Running one program of this host: the only place of this room that starts processes."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from lima.errors import SetupFailed

OnLine = Callable[[str], None]

_TAIL = 40
# What a shell starts in the background reads nothing, unless it is told what.
_LEFT = 'exec 3<&0; "$@" <&3 3<&- &'


@dataclass(frozen=True)
class Completed:
    """How a program ended, and what it wrote."""

    status: int
    stdout: str
    stderr: str = ""


@dataclass(frozen=True)
class Identity:
    """The user a program runs as, in numbers."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def identity(name: str | None) -> Identity | None:
    """Return the identity of a user (None: of ourselves), or None when there is no such user."""
    try:
        entry = pwd.getpwuid(os.getuid()) if name is None else pwd.getpwnam(name)
    except KeyError:
        return None
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, groups, entry.pw_dir)


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    input_text: str = "",
    directory: Path | None = None,
    run_as: Identity | None = None,
    on_line: OnLine | None = None,
    is_merged: bool = False,
) -> Completed:
    """Run `command` to its end; its standard error goes line by line to `on_line` while it runs.

    With `is_merged` its standard output goes there, too, in order; the result has only the last
    lines of both then, as its `stderr`.

    With `run_as` of another user than ourselves the program gets that user, its group and groups
    and nothing of ours; that needs root. Raises `FileNotFoundError` when there is no such program.
    """
    becomes = run_as is not None and run_as.uid != os.getuid()
    with subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE if input_text else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if is_merged else subprocess.PIPE,
        env=None if environment is None else dict(environment),
        cwd=directory,
        user=run_as.uid if becomes and run_as else None,
        group=run_as.gid if becomes and run_as else None,
        extra_groups=run_as.groups if becomes and run_as else None,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        tail: deque[str] = deque(maxlen=_TAIL)
        log = process.stdout if is_merged else process.stderr
        errors = Thread(target=_pump, args=(log, tail, on_line), daemon=True)
        errors.start()
        if process.stdin is not None:
            process.stdin.write(input_text)
            process.stdin.close()
        stdout = "" if is_merged or process.stdout is None else process.stdout.read()
        errors.join()
        return Completed(process.wait(), stdout, "\n".join(tail))


def connect(
    one: Sequence[str],
    other: Sequence[str],
    *,
    environment: Mapping[str, str],
    run_as: Identity | None = None,
) -> None:
    """Start two programs that read what the other writes, and leave them to themselves.

    Each is told of the other's end. One that is not there ends at once.
    """
    (other_reads, one_writes), (one_reads, other_writes) = os.pipe(), os.pipe()
    becomes = run_as is not None and run_as.uid != os.getuid()
    try:
        for command, source, sink in (
            (one, one_reads, one_writes),
            (other, other_reads, other_writes),
        ):
            subprocess.run(
                ("sh", "-c", _LEFT, "sh", *command),
                stdin=source,
                stdout=sink,
                stderr=subprocess.DEVNULL,
                env=dict(environment),
                cwd="/",
                user=run_as.uid if becomes and run_as else None,
                group=run_as.gid if becomes and run_as else None,
                extra_groups=run_as.groups if becomes and run_as else None,
                # They outlive this command, and Ctrl-C.
                start_new_session=True,
                check=False,
            )
    finally:
        for end in (other_reads, one_writes, one_reads, other_writes):
            os.close(end)


def _pump(stream: IO[str] | None, tail: deque[str], on_line: OnLine | None) -> None:
    for raw in stream or ():
        line = raw.rstrip("\n")
        tail.append(line)
        if on_line is not None and line.strip():
            on_line(line)


def must_run(
    requirement: str,
    command: Sequence[str],
    on_line: OnLine,
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    wants_answer: bool = False,
) -> str:
    """Run a command of set-up; all it says goes to `on_line`.

    With `wants_answer` its standard output is returned instead.

    Raises:
        SetupFailed: it failed or is not there.
    """
    shown = " ".join(command)
    try:
        done = run(
            command,
            environment=environment,
            directory=directory,
            on_line=on_line,
            is_merged=not wants_answer,
        )
    except FileNotFoundError as error:
        raise SetupFailed(requirement, shown, f"there is no `{command[0]}`") from error
    if done.status != 0:
        lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
        detail = next((line for line in reversed(lines) if line.strip()), f"exit {done.status}")
        raise SetupFailed(requirement, shown, detail)
    return done.stdout
