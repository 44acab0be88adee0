"""Reads the SSH wire format (RFC 4251) strictly: what is cut short or left over is refused.

Pure; knows no message, no key and no socket.
"""

from __future__ import annotations

from dataclasses import dataclass

UINT32_BYTES = 4


class MalformedMessage(ValueError):
    """Bytes that are not what the format asks for."""


def take_uint32(data: bytes) -> tuple[int, bytes]:
    """Split a `uint32` off the front: (value, rest). Raises MalformedMessage if it is cut short."""
    if len(data) < UINT32_BYTES:
        message = "a number is cut short"
        raise MalformedMessage(message)
    return int.from_bytes(data[:UINT32_BYTES], "big"), data[UINT32_BYTES:]


def take_string(data: bytes) -> tuple[bytes, bytes]:
    """Split a `string` off the front: (value, rest). Raises MalformedMessage if it is cut short."""
    length, rest = take_uint32(data)
    if length > len(rest):
        message = "a string is cut short"
        raise MalformedMessage(message)
    return rest[:length], rest[length:]


def string(value: bytes) -> bytes:
    """Return `value` as an RFC 4251 `string`."""
    return len(value).to_bytes(UINT32_BYTES, "big") + value


@dataclass
class Reader:
    """Takes one field after the other; `end` proves that nothing is left."""

    rest: bytes

    def uint32(self) -> int:
        """Take a `uint32`."""
        value, self.rest = take_uint32(self.rest)
        return value

    def string(self) -> bytes:
        """Take a `string`."""
        value, self.rest = take_string(self.rest)
        return value

    def byte(self) -> int:
        """Take one byte."""
        if not self.rest:
            message = "a byte is missing"
            raise MalformedMessage(message)
        value, self.rest = self.rest[0], self.rest[1:]
        return value

    def boolean(self) -> bool:
        """Take a `boolean`; only 0 and 1 are one here, though RFC 4251 reads any other as true."""
        value = self.byte()
        if value > 1:
            message = "a boolean that is neither 0 nor 1"
            raise MalformedMessage(message)
        return bool(value)

    def end(self) -> None:
        """Raise MalformedMessage unless everything was taken."""
        if self.rest:
            message = f"{len(self.rest)} bytes too many"
            raise MalformedMessage(message)
