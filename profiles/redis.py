"""A Redis server in the machine, or Valkey, which speaks the same protocol.

Both are the distribution's own packages. They listen on the loopback port 6379 and want no
password: whoever is in the machine may use it. A machine with `ports = "auto"` shows that port on
the host's loopback too; `CONFIG SET requirepass` or `ports` keeps the host's other users out.

    REDIS_URL=redis://127.0.0.1:6379

Redis changed its licence with 7.4 and once more with 8; Valkey is what the Linux Foundation made of
the last version before. Debian 13 has Redis 8.0 and Valkey 8.1, Ubuntu 24.04 has 7.0 and 7.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from provision import Apt, Check, Service, Step

from .profile import profile

_OTHER = {"redis": "valkey", "valkey": "redis"}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `redis`."""

    server: Literal["redis", "valkey"] = "redis"
    """Which of the two; the other one is stopped where it is installed."""


@profile
def redis(options: Options) -> Iterator[Step]:
    """Redis or Valkey server on loopback."""
    # Both want the same port.
    yield Service(f"{_OTHER[options.server]}-server", enabled=False, running=False)
    yield Apt(f"{options.server}-server")
    yield Service(f"{options.server}-server")
    yield Check(f"{options.server}-cli ping", matches=r"^PONG$")
