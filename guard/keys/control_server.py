"""Answers the control socket: for the broker's own user alone."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field

import msgspec

from guard.errors import GuardError

from .broker import Broker
from .code_mark import code_mark
from .control import (
    MAX_LINE_BYTES,
    Answer,
    Control,
    DropKeys,
    Explain,
    GetPending,
    GetStatus,
    Give,
    MakeKey,
    Opened,
    Pause,
    Ping,
    Pong,
    Reply,
    Resume,
    Stop,
    TakeAway,
)
from .peer import peer_of
from .policy import NO_PROJECT_NAME, is_project_name

_WITHIN_S = 10.0


@dataclass
class ControlServer:
    """Takes requests for a broker. `is_over` is set when it has been told to stop."""

    broker: Broker
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    code: str = field(default_factory=code_mark)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            if peer_of(writer.get_extra_info("socket")).uid not in (0, os.geteuid()):
                return
            line = await asyncio.wait_for(reader.readline(), _WITHIN_S)
            if line:
                writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
                await asyncio.wait_for(writer.drain(), _WITHIN_S)
        except (OSError, ValueError, asyncio.TimeoutError, asyncio.CancelledError):
            return  # a client that went away or sent too much
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Reply:
        try:
            request = msgspec.json.decode(line, type=Control)
            project = getattr(request, "project", None)
            if project is not None and not is_project_name(project):
                return Reply(fault=NO_PROJECT_NAME)
            return Reply(msgspec.Raw(msgspec.json.encode(await self._do(request))))
        except (msgspec.MsgspecError, GuardError, OSError) as error:
            return Reply(fault=str(error))

    async def _do(self, request: Control) -> object:  # noqa: PLR0911 - one a request
        broker = self.broker
        match request:
            case Ping():
                return Pong(os.getpid(), self.code, str(broker.places.sockets), broker.log.chain)
            case Give(policy, desktop):
                return Opened(await broker.give(policy, desktop))
            case TakeAway(project):
                await broker.take_away(project)
            case GetStatus():
                return await broker.status()
            case GetPending():
                return broker.pending()
            case Answer(number, yes):
                return broker.questions.answer(number, yes=yes)
            case Pause(project):
                broker.pause(project)
            case Resume(project):
                broker.resume(project)
            case Explain(project, host, user, namespace):
                return await broker.explain(project, host, user, namespace)
            case MakeKey(project, purpose, anew):
                return await broker.make_key(project, purpose, anew=anew)
            case DropKeys(project):
                await broker.drop_keys(project)
            case Stop():
                self.is_over.set()
        return None


LIMIT = MAX_LINE_BYTES
"""Of a line, for asyncio's reader."""
