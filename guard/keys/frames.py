"""Reads and writes agent messages on a stream: a length of four bytes, then so many."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from guard.wire import MalformedMessage, string

from .deadline import timeout
from .protocol import MAX_MESSAGE_BYTES

MESSAGE_WITHIN_S = 10.0
"""A message that has begun must be whole by then: one byte a minute would hold a connection."""
_HEAD_BYTES = 4
_CHUNK_BYTES = 64 * 1024


@dataclass
class Messages:
    """What comes in on a stream, message by message."""

    reader: asyncio.StreamReader
    within_s: float = MESSAGE_WITHIN_S
    _buffer: bytearray = field(default_factory=bytearray)

    async def read(self) -> bytes | None:
        """Return one message's body, however long its beginning takes; None at the end.

        Raises:
            MalformedMessage: its length is no length of a message, or the stream ends within it.
            TimeoutError: it was begun and not finished within `within_s`.
        """
        if not self._buffer and not await self._more():
            return None
        body = self._whole()
        return await self._rest() if body is None else body

    async def _rest(self) -> bytes:
        try:
            async with timeout(self.within_s):
                while await self._more():
                    if (body := self._whole()) is not None:
                        return body
        except asyncio.TimeoutError:  # another class than TimeoutError before Python 3.11
            raise TimeoutError from None
        message = "a message is cut short"
        raise MalformedMessage(message)

    async def _more(self) -> bool:
        chunk = await self.reader.read(_CHUNK_BYTES)
        self._buffer += chunk
        return bool(chunk)

    def _whole(self) -> bytes | None:
        """Take the first message, if all of it is there."""
        if len(self._buffer) < _HEAD_BYTES:
            return None
        length = int.from_bytes(self._buffer[:_HEAD_BYTES], "big")
        if not 0 < length <= MAX_MESSAGE_BYTES:
            message = f"a message of {length} bytes"
            raise MalformedMessage(message)
        end = _HEAD_BYTES + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_HEAD_BYTES:end])
        del self._buffer[:end]
        return body


async def write_message(
    writer: asyncio.StreamWriter, body: bytes, within_s: float = MESSAGE_WITHIN_S
) -> None:
    """Send one message. Raises TimeoutError when the other side does not take it."""
    writer.write(string(body))
    if not writer.transport.get_write_buffer_size():
        return  # there is nothing to wait for
    try:
        async with timeout(within_s):
            await writer.drain()
    except asyncio.TimeoutError:
        raise TimeoutError from None
