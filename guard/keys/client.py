"""Talks to this host's broker, and starts it where none runs."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

import guard
from guard.errors import GuardError, printable

from .audit import START, LogBroken
from .code_mark import code_mark
from .control import (
    Answer,
    Control,
    DropKeys,
    Explain,
    Explanation,
    GetPending,
    GetStatus,
    Give,
    MakeKey,
    Opened,
    OpenQuestion,
    OwnKey,
    Pause,
    Ping,
    Pong,
    Purpose,
    Reply,
    Resume,
    Status,
    Stop,
    TakeAway,
)
from .desktop import desktop_part
from .log_reader import LogReader
from .needed import is_locked
from .own_folder import own_folder
from .places import LONGEST_SOCKET_PATH, Places, places
from .policy import KeyPolicy

STARTS_WITHIN_S = 20.0
ANSWERS_WITHIN_S = 60.0
# Starts the broker again when it ends in any other way than by itself, less and less often; not
# when it won't begin (__main__.WONT_BEGIN).
_KEEP_RUNNING = """\
{
  pause=1
  until "$@" || [ "$?" -eq 3 ]; do
    sleep "$pause"
    [ "$pause" -ge 60 ] || pause=$((pause * 2))
  done
} &
"""
T = TypeVar("T")


@dataclass(eq=False)
class BrokerUnreachable(GuardError):
    """No broker runs, or it gives no answer."""

    directory: Path
    reason: str

    def __str__(self) -> str:
        return (
            f"the key broker in `{self.directory}` gives no answer: {self.reason}.\n"
            f"`{self.directory}/broker.log` may say more; the next `inv up` starts it again."
        )


@dataclass(eq=False)
class BrokerRefused(GuardError):
    """The broker understood a request and cannot do it."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class BrokerClient:
    """The broker of `directory`.

    `sockets` is where the projects' sockets are when another user must reach them; then it is made
    by whoever runs the broker, and every user may pass through it.
    """

    directory: Path
    sockets: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @property
    def places(self) -> Places:
        """Where the broker keeps what."""
        return places(self.directory, self.sockets)

    def is_running(self) -> bool:
        """Whether a broker answers."""
        try:
            self.ask(Ping(), Pong)
        except BrokerUnreachable:
            return False
        return True

    def ensure_running(self) -> None:
        """Start a broker unless one runs; one of another version of nopal is replaced.

        Raises:
            BrokerUnreachable: none could be started.
            NotOurFolder: somebody else can change its folder.
        """
        if not self.places.is_short_enough:
            reason = f"its sockets' paths are longer than {LONGEST_SOCKET_PATH} bytes"
            raise BrokerUnreachable(self.directory, reason)
        try:
            there = self.ask(Ping(), Pong)
            if (there.code, there.sockets) == (code_mark(), str(self.places.sockets)):
                return
            self.stop()
        except BrokerUnreachable:
            pass
        self._start()

    def give(self, policy: KeyPolicy) -> Path:
        """Open a project's socket, or change its policy; return the socket's path."""
        self.ensure_running()
        return Path(self.ask(Give(policy, desktop_part(self.environ)), Opened).socket)

    def socket(self, project: str) -> Path:
        """Return where a project's socket is, whether it is open or not."""
        return self.places.socket(project)

    def take_away(self, project: str) -> None:
        """Close a project's socket, end its connections, forget its policy; its own keys stay."""
        if self.is_running():
            self.ask(TakeAway(project), type(None))
        else:
            self.places.policy(project).unlink(missing_ok=True)

    def status(self) -> Status:
        """Return all that the broker holds."""
        return self.ask(GetStatus(), Status)

    def pending(self) -> tuple[OpenQuestion, ...]:
        """Return the questions that are open, the oldest first."""
        return self.ask(GetPending(), tuple[OpenQuestion, ...])

    def answer(self, number: int, *, yes: bool) -> bool:
        """Answer a question; False when it is not open any more."""
        return self.ask(Answer(number, yes), bool)

    def pause(self, project: str | None = None) -> None:
        """Sign nothing more for a project, or for any, until `resume`; without a broker, too."""
        self.ensure_running()
        self.ask(Pause(project), type(None))

    def resume(self, project: str | None = None) -> None:
        """End a pause; without a project, all pauses."""
        self.ensure_running()
        self.ask(Resume(project), type(None))

    def explain(
        self, project: str, *, host: str = "", user: str = "", namespace: str = ""
    ) -> tuple[Explanation, ...]:
        """Return what would become of a login to `host`, or of a signature in `namespace`."""
        request = Explain(project, host, user, namespace)
        return self.ask(request, tuple[Explanation, ...])

    def make_key(self, project: str, purpose: Purpose, *, anew: bool = False) -> OwnKey:
        """Return a key of the project's own, making it where there is none; `anew` replaces it."""
        self.ensure_running()
        return self.ask(MakeKey(project, purpose, anew), OwnKey)

    def drop_keys(self, project: str) -> None:
        """Forget a project's own keys."""
        self.ensure_running()
        self.ask(DropKeys(project), type(None))

    def log(self) -> LogReader:
        """Return what reads the log, verifying each entry."""
        return LogReader(self.places.log)

    def verify_log(self) -> int:
        """Return how many entries the log has; its end is compared with the running broker's.

        Raises:
            LogBroken: it is not as the broker wrote it.
        """
        try:
            expected = self.ask(Ping(), Pong).chain
        except BrokerUnreachable:
            expected = ""
        count, is_there = 0, expected in ("", START)
        for count, entry in enumerate(self.log(), start=1):  # noqa: B007 - counts them
            is_there = is_there or entry.chain == expected
        if not is_there:
            raise LogBroken(self.places.log, count + 1, "is missing: the end was cut off")
        return count

    def stop(self) -> None:
        """End the broker, and wait for its end; the next one opens the same projects."""
        self.ask(Stop(), type(None))
        deadline = time.monotonic() + STARTS_WITHIN_S
        while is_locked(str(self.places.lock)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def ask(self, request: Control, answer: type[T]) -> T:
        """Send one request and return its answer.

        Raises:
            BrokerUnreachable: nothing answers, or not in time, or not as a broker.
            BrokerRefused: the broker cannot do it.
        """
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWERS_WITHIN_S)
                connection.connect(str(self.places.control))
                connection.sendall(msgspec.json.encode(request) + b"\n")
                with connection.makefile("rb") as file:
                    line = file.readline()
            reply = msgspec.json.decode(line, type=Reply)
            if reply.fault:
                raise BrokerRefused(reply.fault)
            return msgspec.json.decode(reply.result, type=answer)
        except TimeoutError:
            raise BrokerUnreachable(self.directory, "its time was up") from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise BrokerUnreachable(self.directory, reason) from None
        except msgspec.MsgspecError as error:
            raise BrokerUnreachable(self.directory, f"its answer is malformed ({error})") from None

    def _start(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with own_folder(self.directory):
            pass  # it would not begin, and say so in a file
        # Who starts one too many might find it serving long after it was told to stop.
        with open(self.places.starting, "wb", opener=_private) as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not self.is_running():
                self._start_alone()

    def _start_alone(self) -> None:
        here = self.places
        argv = [sys.executable, "-m", "guard.keys", str(here.directory), str(here.sockets)]
        environ = {**desktop_part(self.environ), "PYTHONPATH": str(Path(guard.__file__).parents[1])}
        with open(here.output, "wb", opener=_private) as output:
            subprocess.run(
                ["sh", "-c", _KEEP_RUNNING, "nopal-keys", *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=environ,
                start_new_session=True,
                check=True,
            )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self.is_running():
            if time.monotonic() > deadline:
                said = printable(here.output.read_text(errors="replace")[-200:])
                raise BrokerUnreachable(self.directory, said or "it did not start in time")
            time.sleep(0.02)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
