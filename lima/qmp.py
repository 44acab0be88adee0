"""QEMU's monitor protocol: one command at a time over a machine's `qmp.sock`.

See https://www.qemu.org/docs/master/interop/qmp-spec.html. Events are passed over.
"""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from lima.errors import QmpFailed

_ANSWERS_WITHIN_S = 60
"""A busy host may keep QEMU from its monitor for long."""
_READ_SIZE = 65536


@dataclass
class Qmp:
    """A conversation with a running QEMU. Use it as a context manager."""

    path: Path
    answers_within_s: float = _ANSWERS_WITHIN_S

    def __enter__(self) -> Qmp:
        """Connect. Raises `OSError` when nobody listens, `QmpFailed` when it is no QEMU."""
        self._received = b""
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.settimeout(self.answers_within_s)
            self._socket.connect(str(self.path))
            greeting = self._message().get("QMP")
            if not isinstance(greeting, dict):
                raise QmpFailed("greeting", "it is no QEMU")
            self.version = _version(greeting)
            self.execute("qmp_capabilities")
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def execute(self, command: str, *, fd: int | None = None, **arguments: object) -> object:
        """Return the answer to a command; with `fd`, that open file goes with it.

        Raises:
            QmpFailed: QEMU refuses, or it has ended.
        """
        words = {name.replace("_", "-"): value for name, value in arguments.items()}
        data = json.dumps({"execute": command, "arguments": words}).encode() + b"\n"
        try:
            if fd is None:
                self._socket.sendall(data)
            else:
                socket.send_fds(self._socket, [data], [fd])
            while True:
                answer = self._message()
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise QmpFailed(command, _description(answer["error"]))
        except OSError as error:
            raise QmpFailed(command, str(error) or "no answer") from error

    def quit(self) -> None:
        """End QEMU, and return when it has ended. Raises `TimeoutError` when it does not."""
        # It may be gone before it has answered.
        with suppress(ConnectionError):
            self._socket.sendall(b'{"execute": "quit"}\n')
            while self._socket.recv(_READ_SIZE):
                pass

    def wait_for_end(self) -> None:
        """Return when QEMU has ended by itself. Raises `TimeoutError` when it says nothing more."""
        with suppress(ConnectionError):
            while self._socket.recv(_READ_SIZE):
                pass

    def _message(self) -> dict[str, object]:
        while b"\n" not in self._received:
            data = self._socket.recv(_READ_SIZE)
            if not data:
                raise QmpFailed("", "QEMU has ended")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        try:
            message = json.loads(line)
        except ValueError as error:
            raise QmpFailed("", "its answer is no JSON") from error
        return message if isinstance(message, dict) else {}


def _version(greeting: dict[str, object]) -> str:
    return json.dumps(greeting.get("version"), sort_keys=True)


def _description(error: object) -> str:
    return str(error.get("desc")) if isinstance(error, dict) else str(error)
