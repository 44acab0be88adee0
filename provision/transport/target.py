"""What a person types for a host: `[USER@]HOST[:PORT]`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from ..errors import ConvergeError

_FORM = re.compile(
    r"(?:(?P<user>[^@\s:/]+)@)?"
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<host>[\w.-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_BARE_V6 = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*")
LOCAL = "localhost"
HIGHEST_PORT = 65535


@dataclass(eq=False)
class BadTarget(ConvergeError):
    """What was typed names no host."""

    typed: str
    exit_status: ClassVar[int] = 2

    def __str__(self) -> str:
        return f"{self.typed!r} names no host.\nWrite USER@HOST or USER@HOST:PORT, or {LOCAL}."


@dataclass(frozen=True)
class Target:
    """A host as a person names it; ssh_config may know more about it."""

    host: str
    user: str = ""
    port: int | None = None

    @property
    def is_local(self) -> bool:
        """Whether this very machine is meant, without SSH."""
        return self == Target(LOCAL)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host and self.port else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{user}{host}:{self.port}" if self.port else f"{user}{host}"


def parse_target(typed: str) -> Target:
    """Read `user@host:port`; an IPv6 address with a port stands in brackets.

    Raises:
        BadTarget: it is nothing of that form, or an option in disguise.
    """
    user, at, host = typed.rpartition("@")
    if _BARE_V6.fullmatch(host):
        typed = f"{user}{at}[{host}]"
    found = _FORM.fullmatch(typed)
    if found is None or not typed.isprintable():
        raise BadTarget(typed)
    name = found["v6"] or found["host"]
    port = int(found["port"]) if found["port"] else None
    if name.startswith("-") or (found["user"] or "").startswith("-"):
        raise BadTarget(typed)
    if port is not None and not 0 < port <= HIGHEST_PORT:
        raise BadTarget(typed)
    return Target(name, found["user"] or "", port)
