"""Which ports of a running machine Lima means to bring to this host.

It says so before it tries: another program may have the host's port, and then there is no forward.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lima.instance import InstanceConfig

_PORT = re.compile(r".*:(\d{1,5})")
_MOST = 1024
"""A rule of more ports names none: it is for whatever listens."""


@dataclass(frozen=True)
class Forward:
    """A port of the guest that is to answer at a port of this host."""

    proto: str
    guest: int
    host: int


def announced(events: Iterable[Mapping[str, object]]) -> tuple[Forward, ...]:
    """Return what is to be forwarded after all `events` of the machine's present run."""
    found: dict[Forward, None] = {}
    for status in events:
        event = status.get("portForward")
        if not isinstance(event, dict):
            continue
        guest, host = (_port(event.get(side)) for side in ("guestAddr", "hostAddr"))
        proto = event.get("protocol")
        if not guest or not host or not isinstance(proto, str):
            continue
        forward = Forward(proto, guest, host)
        if event.get("type") == "forwarding":
            found[forward] = None
        elif event.get("type") in {"stopping", "failed"}:
            found.pop(forward, None)
    return tuple(found)


def listed(config: InstanceConfig | None) -> tuple[Forward, ...]:
    """Return the ports that the machine's rules name, whether anything listens there or not."""
    return tuple(_listed(config)) if config is not None else ()


def _listed(config: InstanceConfig) -> Iterator[Forward]:
    for rule in config.port_forwards or ():
        first, last = rule.guest_port_range
        if rule.ignore or rule.reverse or rule.guest_socket or rule.host_socket:
            continue
        if first and last - first < _MOST:
            for offset in range(last - first + 1):
                yield Forward(
                    "tcp" if rule.proto == "any" else rule.proto,
                    first + offset,
                    rule.host_port_range[0] + offset,
                )


def _port(address: object) -> int:
    match = _PORT.fullmatch(address) if isinstance(address, str) else None
    return int(match[1]) if match else 0
