"""Reads and writes agent messages on a stream: a length of four bytes, then so many."""

from __future__ import annotations

import asyncio

from guard.wire import MalformedMessage, string

from .deadline import timeout
from .protocol import MAX_MESSAGE_BYTES

MESSAGE_WITHIN_S = 10.0
"""A message that has begun must be whole by then: one byte a minute would hold a connection."""


async def read_message(
    reader: asyncio.StreamReader, within_s: float = MESSAGE_WITHIN_S
) -> bytes | None:
    """Return one message's body, however long its beginning takes; None at the end.

    Raises:
        MalformedMessage: its length is no length of a message, or the stream ends within it.
        TimeoutError: it was begun and not finished within `within_s`.
    """
    first = await reader.read(1)
    if not first:
        return None
    try:
        async with timeout(within_s):
            return await _rest(reader, first)
    except asyncio.TimeoutError:  # another class than TimeoutError before Python 3.11
        raise TimeoutError from None
    except asyncio.IncompleteReadError:
        message = "a message is cut short"
        raise MalformedMessage(message) from None


async def _rest(reader: asyncio.StreamReader, first: bytes) -> bytes:
    head = first + await reader.readexactly(3)
    length = int.from_bytes(head, "big")
    if not 0 < length <= MAX_MESSAGE_BYTES:
        message = f"a message of {length} bytes"
        raise MalformedMessage(message)
    return await reader.readexactly(length)


async def write_message(
    writer: asyncio.StreamWriter, body: bytes, within_s: float = MESSAGE_WITHIN_S
) -> None:
    """Send one message. Raises TimeoutError when the other side does not take it."""
    writer.write(string(body))
    try:
        async with timeout(within_s):
            await writer.drain()
    except asyncio.TimeoutError:
        raise TimeoutError from None
