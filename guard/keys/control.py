"""What is said over the control socket: one request and one answer a connection, a JSON line each.

Only data; the broker's side is `control_server.py`, the other `client.py`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from .policy import KeyPolicy, Verdict

MAX_LINE_BYTES = 1024 * 1024
Purpose = Literal["login", "sign"]
"""What a key of the broker's own is for: it does nothing else."""


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    pass


class Ping(_Request, frozen=True, tag="ping"):
    """Asks who is there."""


class Give(_Request, frozen=True, tag="give"):
    """Opens a project's socket, or gives it another policy."""

    policy: KeyPolicy
    desktop: dict[str, str] = {}
    """Where questions can be shown from now on (`desktop.DESKTOP_VARIABLES`)."""


class TakeAway(_Request, frozen=True, tag="take-away"):
    """Closes a project's socket and ends its connections."""

    project: str


class GetStatus(_Request, frozen=True, tag="status"):
    """Asks for all that the broker holds."""


class GetPending(_Request, frozen=True, tag="pending"):
    """Asks for the questions that are open."""


class Answer(_Request, frozen=True, tag="answer"):
    """Answers one of them."""

    id: int
    yes: bool


class Pause(_Request, frozen=True, tag="pause"):
    """Signs nothing more for a project, or for any."""

    project: str | None = None


class Resume(_Request, frozen=True, tag="resume"):
    """Ends a pause."""

    project: str | None = None


class Explain(_Request, frozen=True, tag="explain"):
    """Asks what would become of a login, or with a namespace of a signature."""

    project: str
    host: str = ""
    user: str = ""
    namespace: str = ""


class MakeKey(_Request, frozen=True, tag="make-key"):
    """Makes a key of the project's own, or returns the one there is; `anew` replaces it."""

    project: str
    purpose: Purpose
    anew: bool = False


class DropKeys(_Request, frozen=True, tag="drop-keys"):
    """Forgets all of a project's own keys."""

    project: str


class Stop(_Request, frozen=True, tag="stop"):
    """Ends the broker."""


Control = (
    Ping
    | Give
    | TakeAway
    | GetStatus
    | GetPending
    | Answer
    | Pause
    | Resume
    | Explain
    | MakeKey
    | DropKeys
    | Stop
)


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer: a result of the request's own type, or why there is none."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    fault: str = ""


class Pong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is there."""

    pid: int
    code: str
    """A digest of the code that it runs."""
    sockets: str
    chain: str = ""
    """Of the log's last line, so that a log whose end was cut off shows."""


class Opened(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a project's machine reaches its keys."""

    socket: str


class ShownKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key that a machine sees."""

    fingerprint: str
    comment: str
    is_own: bool = False
    """Whether the broker holds it itself."""


class ProjectStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One project."""

    project: str
    socket: str
    is_paused: bool
    connections: int
    signed: int
    refused: int
    keys: tuple[ShownKey, ...] = ()
    fault: str = ""
    """Why the person's agent cannot be used."""


class Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the broker holds."""

    pid: int
    is_paused: bool
    projects: tuple[ProjectStatus, ...]
    log: str


class OpenQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that waits for its answer."""

    id: int
    project: str
    text: str
    since: float


class Explanation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What would become of a request, for each key that the machine sees."""

    key: ShownKey
    verdict: Verdict
    reason: str


class OwnKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key of a project's own, by its public half."""

    line: str
    fingerprint: str
    at_rest: Literal["keyring", "file"]
