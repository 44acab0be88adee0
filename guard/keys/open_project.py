"""One project's open socket: who may connect, how many at once, and what their requests cost.

Knows a policy as it is now; the broker gives it another by replacing the attribute.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from guard.errors import printable

from .audit import Entry
from .decide import Decision
from .exposed import AgentKey
from .limits import Counted, Limits
from .machine_connection import Handled, MachineConnection
from .peer import Peer, peer_of
from .policy import KeyPolicy
from .questions import Questions
from .refusals import Refusals
from .signed_data import Message
from .upstream import Upstream

MAX_CONNECTIONS = 64
"""Of one machine. For one more, the one that was idle the longest is closed."""

Log = Callable[[Entry], None]
Connect = Callable[[KeyPolicy], Upstream]


@dataclass
class OpenProject:
    """A project whose machine may ask."""

    policy: KeyPolicy
    path: Path
    connect: Connect
    questions: Questions
    log: Log
    pause: Callable[[], str]
    """Why nothing is signed for it now, or nothing."""
    limits: Limits = field(default_factory=lambda: Limits(time.monotonic))
    refusals: Refusals = field(default_factory=lambda: Refusals(time.monotonic))
    signed: int = 0
    refused: int = 0
    _server: asyncio.AbstractServer | None = None
    _connections: dict[asyncio.Task[None] | None, MachineConnection] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def open(self) -> None:
        """Listen. Raises OSError where that cannot be done."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        try:
            before = os.umask(0o177)
            try:
                listener.bind(str(self.path))
            finally:
                os.umask(before)
            if self.policy.owner_uid is not None:
                os.chown(self.path, self.policy.owner_uid, -1, follow_symlinks=False)
            self._server = await asyncio.start_unix_server(self._serve, sock=listener, backlog=128)
        except BaseException:
            listener.close()
            raise

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)
        tasks = [task for task in self._connections if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            peer = peer_of(writer.get_extra_info("socket"))
            if not self._is_welcome(peer):
                self._refuse_peer(peer)
                return
            number = next(self._numbers)
            connection = MachineConnection(
                policy=lambda: self.policy,
                closed=self.pause,
                upstream=self.connect(self.policy),
                permit=self._permit,
                record=lambda handled: self._record(handled, number, peer),
            )
            self._make_room()
            self._connections[task] = connection
            try:
                await connection.serve(reader, writer)
            finally:
                del self._connections[task]
                await connection.upstream.close()
        except asyncio.CancelledError:
            return  # closed by the broker, which waits for it or has forgotten it
        finally:
            writer.close()

    def _make_room(self) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            idle = min(self._connections, key=lambda task: self._connections[task].last_used)
            if idle is not None:
                idle.cancel()

    def _is_welcome(self, peer: Peer) -> bool:
        owner = self.policy.owner_uid
        own = os.geteuid() if owner is None else owner
        return peer.uid in (os.geteuid(), own, *self.policy.peer_uids)

    def _refuse_peer(self, peer: Peer) -> None:
        reason = "a user of this host who may not connect"
        handled = Handled("", Decision("unknown", "", "deny", reason), "refused", reason, 0.0)
        self._record(handled, 0, peer)

    async def _permit(self, key: AgentKey, decision: Decision) -> str:
        """Return why the request is refused after all, or nothing."""
        if decision.verdict == "ask" and (no := await self._asked(key, decision)):
            return no
        rates = self.policy.rates
        counted: Counted = "sign" if decision.kind == "sign" else "login"
        rate = rates.sign if counted == "sign" else rates.login
        if not self.limits.take(counted, rate):
            return f"more than {rate.count} in {rate.per_s:g} s"
        return ""

    async def _asked(self, key: AgentKey, decision: Decision) -> str:
        what = (key.fingerprint, decision.kind, decision.target + decision.host_key)
        if self.limits.remembers(what):
            return ""
        text = question_text(self.policy.project, key, decision)
        rate = self.policy.rates.ask
        if self.questions.is_busy(self.policy.project, text):
            return "another question of this machine is open"
        is_joined = self.questions.is_open(self.policy.project, text)
        if not is_joined and not self.limits.take("ask", rate):
            return f"more than {rate.count} questions in {rate.per_s:g} s"
        no = await self.questions.ask(self.policy.project, text)
        if not no:
            self.limits.remember(what, self.policy.remember_s)
        return no

    def _record(self, handled: Handled, number: int, peer: Peer) -> bool:
        if handled.verdict == "signed":
            self.signed += 1
        else:
            self.refused += 1
            if not self.refusals.is_worth_a_line():
                return True
        entry = entry_of(self.policy.project, handled, number, peer)
        entry.repeated = self.refusals.take_unlogged()
        try:
            self.log(entry)
        except OSError:
            return False
        return True


def question_text(project: str, key: AgentKey, decision: Decision) -> str:
    """Return what a person is asked; whatever a machine had a hand in is shown as plain text."""
    target = printable(decision.target, 100)
    if decision.kind == "sign":
        wants = f"sign a message of kind `{target}`"
    elif decision.host_key:
        wants = f"log in to {target}"
    else:
        user = printable(decision.target.partition("@")[0], 100)
        wants = f"log in as `{user}` to a host that it does not tell"
    return f"The machine of project `{project}` wants to {wants} with the key {key.shown}. Allow?"


def entry_of(project: str, handled: Handled, number: int, peer: Peer) -> Entry:
    """Return the line for the log."""
    digest = ""
    if isinstance(handled.data, Message):
        digest = f"{handled.data.hash_name}:{handled.data.digest.hex()}"
    return Entry(
        time=now(),
        project=project,
        connection=number,
        key=handled.key,
        kind=handled.decision.kind,
        target=printable(handled.decision.target),
        host_key=handled.decision.host_key,
        verdict=handled.verdict,
        reason=printable(handled.reason),
        digest=digest,
        ms=round(handled.seconds * 1000, 2),
        peer=f"{peer.uid}:{peer.pid}",
    )


def now() -> str:
    """Return the time, in UTC and to the millisecond."""
    return datetime.now(tz=timezone.utc).isoformat(timespec="milliseconds")
