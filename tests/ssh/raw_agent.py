"""A client of agents that says whatever it is told to, byte by byte; and agents that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 20.0


@dataclass
class RawClient:
    """One connection to an agent."""

    connection: socket.socket

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def ask(self, body: bytes) -> bytes:
        """Send a message and return the answer's body; empty when the agent hung up."""
        try:
            self.send(len(body).to_bytes(4, "big") + body)
        except (BrokenPipeError, ConnectionResetError):
            return b""
        return self.read()

    def read(self) -> bytes:
        """Return an answer's body; empty when the agent hung up."""
        head = self._read(4)
        return self._read(int.from_bytes(head, "big")) if head else b""

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            with suppress(ConnectionResetError):
                piece = self.connection.recv(size - len(data))
                if piece:
                    data += piece
                    continue
            return b""
        return data


@contextmanager
def raw_client(path: Path) -> Iterator[RawClient]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(str(path))
        yield RawClient(connection)


@contextmanager
def misbehaving_agent(path: Path, answer: Callable[[bytes], bytes | None]) -> Iterator[None]:
    """Listen at `path`; `answer` makes of a request's body the raw bytes to send.

    None hangs up; no bytes means to say nothing and keep the line open.
    """
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen(64)
    kept: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                kept.append(connection)
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        client = RawClient(connection)
        with suppress(OSError):
            while body := client.read():
                data = answer(body)
                if data is None:
                    connection.close()
                    return
                connection.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
        for connection in kept:
            connection.close()
        path.unlink()
