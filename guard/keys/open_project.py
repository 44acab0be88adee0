"""One project's open socket: who may connect and how many at once.

What a request may do is decided by `decide.py` and `gate.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .audit import Entry
from .decide import Decision
from .gate import Gate
from .log_line import log_line
from .machine_connection import Handled, MachineConnection
from .needed import is_locked
from .own_folder import own_folder
from .peer import Peer, peer_of
from .policy import KeyPolicy
from .questions import Questions
from .refusals import Refusals
from .upstream import Upstream

MAX_CONNECTIONS = 64
"""Of one machine. For one more, the one that was idle the longest is closed."""

ALONE = "nobody is connected to this machine now"
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
    """Why the person lets nothing be signed for it now, or nothing."""
    refusals: Refusals = field(default_factory=Refusals)
    signed: int = 0
    refused: int = 0
    _server: asyncio.AbstractServer | None = None
    _connections: dict[asyncio.Task[None] | None, MachineConnection] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        """Give it a gate of its own, which outlives a change of policy."""
        self.gate = Gate(self.questions)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def open(self) -> None:
        """Listen.

        Raises:
            OSError: that cannot be done.
            NotOurFolder: somebody else could put another socket there.
        """
        with own_folder(self.path.parent) as folder:
            await self._open_in(folder)

    async def _open_in(self, folder: int) -> None:
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        try:
            before = os.umask(0o177)
            try:
                listener.bind(str(self.path))
            finally:
                os.umask(before)
            if (owner := self.policy.owner_uid) is not None:
                os.chown(self.path.name, owner, -1, dir_fd=folder, follow_symlinks=False)
            self._server = await asyncio.start_unix_server(self._serve, sock=listener, backlog=128)
        except BaseException:
            listener.close()
            raise

    def closed(self) -> str:
        """Return why nothing is signed now, or nothing."""
        if self.policy.connected and not is_locked(self.policy.connected):
            return ALONE
        return self.pause()

    def change(self, policy: KeyPolicy) -> None:
        """Go by another policy from now on; connections to another agent than its own are ended."""
        has_another_agent = policy.upstream != self.policy.upstream
        self.policy = policy
        self.gate.forget()  # a yes was given under the other one
        if has_another_agent:
            self._end_connections()

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)
        await asyncio.gather(*self._end_connections(), return_exceptions=True)

    def _end_connections(self) -> list[asyncio.Task[None]]:
        tasks = [task for task in self._connections if task is not None]
        for task in tasks:
            task.cancel()
        return tasks

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
                closed=self.closed,
                upstream=self.connect(self.policy),
                permit=lambda key, decision: self.gate.permit(self.policy, key, decision),
                record=lambda handled: self._record(handled, number, peer),
                pace=self.gate.pace,
            )
            if not self._make_room():
                return
            self._connections[task] = connection
            try:
                await connection.serve(reader, writer)
            finally:
                self._connections.pop(task, None)
                await connection.upstream.close()
        except asyncio.CancelledError:
            return  # closed by the broker, which waits for it or has forgotten it
        except OSError:
            return  # who has left already need not be told apart
        finally:
            writer.close()

    def _make_room(self) -> bool:
        """Close the connection that was idle the longest; False where all of them are busy."""
        if len(self._connections) < MAX_CONNECTIONS:
            return True
        idle = [task for task, one in self._connections.items() if not one.is_busy and task]
        if not idle:
            return False
        task = min(idle, key=lambda task: self._connections[task].last_used)
        task.cancel()
        # At once, not when it has ended: more than one may come within one turn of the loop.
        del self._connections[task]
        return True

    def _is_welcome(self, peer: Peer) -> bool:
        owner = self.policy.owner_uid
        own = os.geteuid() if owner is None else owner
        return peer.uid in (os.geteuid(), own, *self.policy.peer_uids)

    def _refuse_peer(self, peer: Peer) -> None:
        reason = "a user of this host who may not connect"
        handled = Handled("", Decision("unknown", "", "deny", reason), "refused", reason, 0.0)
        self._record(handled, 0, peer)

    def _record(self, handled: Handled, number: int, peer: Peer) -> bool:
        if handled.verdict == "signed":
            self.signed += 1
        else:
            self.refused += 1
            if not self.refusals.is_worth_a_line():
                return True
        entry = log_line(self.policy.project, handled, number, peer)
        entry.repeated = self.refusals.take_unlogged()
        try:
            self.log(entry)
        except OSError:
            return False
        return True
