"""One connection of a machine: its requests one after the other, each answered, none twice.

A refusal is always an answer: a client that is hung up on gives up agents altogether. Only what
cannot be framed any more, or takes too long, ends the connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from guard.wire import MalformedMessage

from .decide import Decision, decide, is_listed, why_hidden
from .exposed import AgentKey, exposed, fingerprint
from .frames import MESSAGE_WITHIN_S, Messages, write_message
from .policy import KeyPolicy
from .protocol import (
    FAILURE,
    SUCCESS,
    ListKeys,
    SessionBind,
    SignRequest,
    Unwanted,
    identities_answer,
    parse_request,
    sign_response,
)
from .session import Session
from .signed_data import SignedData, classify
from .upstream import Upstream, UpstreamFailed

Permit = Callable[[AgentKey, Decision], Awaitable[str]]
"""Spends the rate and asks the person where the policy says so; returns why not, or nothing."""


@dataclass(frozen=True)
class Handled:
    """What became of one request, for the log."""

    key: str
    decision: Decision
    verdict: str
    reason: str
    seconds: float
    data: SignedData | None = None


_LOOKS_EVERY_S = 0.25
Record = Callable[[Handled], bool]
"""Writes it down; False when that could not be done, and so nothing may be signed."""


@dataclass
class MachineConnection:
    """Serves one connection. The policy is asked for each time, since it may change meanwhile."""

    policy: Callable[[], KeyPolicy]
    closed: Callable[[], str]
    """Why nothing at all is signed now, or nothing."""
    upstream: Upstream
    permit: Permit
    record: Record
    pace: Callable[[], Awaitable[None]]
    """Waits while the machine asks too fast, so that others get their turn."""
    message_within_s: float = MESSAGE_WITHIN_S
    session: Session = field(default_factory=Session)
    last_used: float = field(default_factory=time.monotonic)
    is_busy: bool = False
    """Whether a request is being answered now."""
    _held: tuple[AgentKey, ...] = ()
    _is_gone: Callable[[], bool] = lambda: False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until the client ends, or cannot be understood any more."""
        self._is_gone = reader.at_eof
        messages = Messages(reader, self.message_within_s)
        try:
            while (body := await messages.read()) is not None:
                self.last_used, self.is_busy = time.monotonic(), True
                await self.pace()
                await write_message(writer, await self.answer(body), self.message_within_s)
                self.is_busy = False
        except (MalformedMessage, OSError, TimeoutError):
            return

    async def answer(self, body: bytes) -> bytes:
        """Return the answer to one message; a body that is malformed is refused."""
        try:
            match parse_request(body):
                case ListKeys():
                    return identities_answer(
                        [(key.blob, key.comment) for key in await self._listed()]
                    )
                case SessionBind() as bind:
                    return await self._bind(bind)
                case SignRequest() as request:
                    return await self._sign(request)
                case Unwanted(what):
                    self._refuse(what)
        except MalformedMessage as error:
            self._refuse(f"a malformed message: {error}")
        except UpstreamFailed as error:
            self._refuse(str(error))
        return FAILURE

    async def _listed(self) -> tuple[AgentKey, ...]:
        if self.closed():
            return ()
        self._held = await self.upstream.keys()
        policy = self.policy()
        keys = exposed(self._held, policy)
        if keys and (decision := why_hidden(policy, self.session)) is not None:
            self.record(Handled("", decision, "refused", decision.reason, 0.0))
            return ()
        return tuple(key for key in keys if is_listed(policy, key, self.session))

    async def _find(self, blob: bytes) -> AgentKey | None:
        """Return the exposed key with this public half; the agent is asked again if need be."""
        if not any(key.blob == blob for key in self._held):
            self._held = await self.upstream.keys()
        keys = exposed(self._held, self.policy())
        return next((key for key in keys if key.blob == blob), None)

    async def _bind(self, bind: SessionBind) -> bytes:
        was_spoiled = self.session.is_spoiled
        self.session = self.session.bound(bind)
        if self.session.is_spoiled:
            if not was_spoiled:
                self._refuse("a session-bind that does not hold")
            return FAILURE
        await self.upstream.bind(bind)
        return SUCCESS

    async def _sign(self, request: SignRequest) -> bytes:
        began = time.perf_counter()
        data, policy = classify(request), self.policy()
        if fault := self.closed():
            key, decision = None, Decision("unknown", "", "deny", fault)
        elif (key := await self._find(request.key)) is None:
            decision = Decision("unknown", "", "deny", "the machine may not use this key")
        else:
            decision = decide(policy, key, data, self.session)

        def done(verdict: str, reason: str) -> bool:
            seconds = time.perf_counter() - began
            shown = key.fingerprint if key else fingerprint(request.key)
            return self.record(Handled(shown, decision, verdict, reason, seconds, data))

        if key is None or decision.verdict == "deny":
            fault = decision.reason
        else:
            permit = self._asked if decision.verdict == "ask" else self.permit
            fault = await permit(key, decision) or self._changed(policy)
        if fault:
            done("refused", fault)
            return FAILURE
        try:
            signature = await self.upstream.sign(request)
        except UpstreamFailed as error:
            done("failed", str(error))
            return FAILURE
        if signature is None:
            done("failed", "the SSH agent of this host refused")
            return FAILURE
        if fault := self._changed(policy):
            done("refused", fault)
            return FAILURE
        return sign_response(signature) if done("signed", decision.reason) else FAILURE

    def _changed(self, policy: KeyPolicy) -> str:
        """Return what the person did while the request waited, or nothing."""
        return self.closed() or ("" if self.policy() is policy else "the policy was changed")

    async def _asked(self, key: AgentKey, decision: Decision) -> str:
        """Wait for leave; a client that goes away meanwhile takes its question with it."""
        asking = asyncio.ensure_future(self.permit(key, decision))
        try:
            while not asking.done():
                await asyncio.wait({asking}, timeout=_LOOKS_EVERY_S)
                if not asking.done() and self._is_gone():
                    return "the client went away before anybody answered"
            return asking.result()
        finally:
            asking.cancel()

    def _refuse(self, reason: str) -> None:
        decision = Decision("unknown", "", "deny", reason)
        self.record(Handled("", decision, "refused", reason, 0.0))
