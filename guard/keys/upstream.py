"""One connection to the person's agent, made for one connection of a machine.

The agent may hang, die, be another one the next time or answer nonsense: each is `UpstreamFailed`,
and the next request begins with a new connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from guard.errors import GuardError
from guard.wire import MalformedMessage

from .deadline import timeout
from .exposed import AgentKey
from .frames import Messages, write_message
from .peer import is_by_another
from .protocol import (
    REQUEST_IDENTITIES,
    SessionBind,
    SignRequest,
    parse_identities,
    parse_sign_response,
)

LIST_WITHIN_S = 5.0
SIGN_WITHIN_S = 120.0
"""A key on hardware waits for a touch, 1Password for a finger; a server's own patience is 120 s."""


@dataclass(eq=False)
class UpstreamFailed(GuardError):
    """The person's agent gave no answer that means anything."""

    reason: str

    def __str__(self) -> str:
        return f"the SSH agent of this host gave no answer: {self.reason}"


class Upstream(Protocol):
    """What holds keys: the person's agent, or the broker itself."""

    async def keys(self) -> tuple[AgentKey, ...]:
        """Return the keys, in the agent's order. Raises UpstreamFailed."""

    async def sign(self, request: SignRequest) -> bytes | None:
        """Return a signature, None when the agent refuses. Raises UpstreamFailed."""

    async def bind(self, bind: SessionBind) -> None:
        """Tell the agent where the connection leads. Never raises: it need not understand."""

    async def close(self) -> None:
        """End the connection."""


@dataclass
class AgentConnection:
    """A connection to the first of `paths` with one of the keys that are `wanted`.

    Where none of them has one, to the first that answers.
    """

    paths: Sequence[str]
    wanted: Sequence[str] = ()
    list_within_s: float = LIST_WITHIN_S
    sign_within_s: float = SIGN_WITHIN_S
    _binds: list[SessionBind] = field(default_factory=list)
    _takes_binds: bool = True
    _streams: tuple[Messages, asyncio.StreamWriter] | None = None

    async def keys(self) -> tuple[AgentKey, ...]:
        """Return the agent's keys, choosing the agent where that is still to be done."""
        if self._streams is not None:
            return await self._list()
        faults = []
        found: tuple[str, tuple[AgentKey, ...]] | None = None
        for path in self.paths:
            try:
                await self._open(path)
                keys = await self._list()
            except UpstreamFailed as error:
                faults.append(f"{path}: {error.reason}")
                continue
            if any(key.is_named(self.wanted) for key in keys):
                return keys
            await self.close()
            found = found or (path, keys)
        if found is None:
            raise UpstreamFailed("; ".join(faults) or "there is none")
        await self._open(found[0])
        return found[1]

    async def sign(self, request: SignRequest) -> bytes | None:
        """Have the agent sign."""
        if self._streams is None:
            await self.keys()
        body = await self._ask(request.encode(), self.sign_within_s)
        try:
            return parse_sign_response(body)
        except MalformedMessage as error:
            raise await self._failed(f"its answer is malformed ({error})") from None

    async def bind(self, bind: SessionBind) -> None:
        """Pass a verified bind on, for keys that the agent itself keeps to some hosts."""
        self._binds.append(bind)
        if self._streams is not None:
            await self._pass_on(bind)

    async def close(self) -> None:
        """End the connection; the next request makes another."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()

    async def _open(self, path: str) -> None:
        await self.close()
        try:
            async with timeout(self.list_within_s):
                reader, writer = await asyncio.open_unix_connection(path)
            is_foreign = is_by_another(writer.get_extra_info("socket"))
        except asyncio.TimeoutError:
            raise UpstreamFailed("it does not take connections") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else ""
            raise UpstreamFailed((reason or str(error)).lower()) from None
        if is_foreign:
            writer.close()
            raise UpstreamFailed("another user listens there")
        self._streams = Messages(reader), writer
        for bind in self._binds:
            if self._takes_binds and not await self._pass_on(bind):
                await self._open(path)
                return

    async def _pass_on(self, bind: SessionBind) -> bool:
        """Return whether the agent is still there: some may hang up on what they do not know."""
        try:
            await self._ask(bind.encode(), self.list_within_s)
        except UpstreamFailed:
            self._takes_binds = False
        return self._takes_binds

    async def _list(self) -> tuple[AgentKey, ...]:
        body = await self._ask(REQUEST_IDENTITIES, self.list_within_s)
        try:
            return tuple(AgentKey(blob, comment) for blob, comment in parse_identities(body))
        except MalformedMessage as error:
            raise await self._failed(f"its list of keys is malformed ({error})") from None

    async def _ask(self, body: bytes, within_s: float) -> bytes:
        if self._streams is None:
            raise UpstreamFailed("it is not connected")
        messages, writer = self._streams
        try:
            await write_message(writer, body, within_s)
            async with timeout(within_s):
                answer = await messages.read()
        except (asyncio.TimeoutError, TimeoutError):
            raise await self._failed("its time was up") from None
        except MalformedMessage as error:
            raise await self._failed(f"its answer is malformed ({error})") from None
        except OSError as error:
            raise await self._failed((error.strerror or str(error)).lower()) from None
        if answer is None:
            raise await self._failed("it closed the connection")
        return answer

    async def _failed(self, reason: str) -> UpstreamFailed:
        await self.close()
        return UpstreamFailed(reason)
