"""Getting into a machine that has just resumed, and making it one of its own."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from guard.errors import GuardError
from guard.host_keys import alias as host_key_alias
from guard.public_key import parse_public_key
from provision.errors import GuestUnreachable, LoginRefused
from provision.transport.dial import connect_fabric
from provision.transport.fabric import FabricTransport

from .rekey import NotRekeyed, rekey

if TYPE_CHECKING:
    from lima.sleepers import Twin
    from provision.transport.address import SshAddress

    from .way_in import HostKeyPins

_ONE_TRY_S = 10
"""A login that begins before the guest goes on may hang; the next does not."""
_ALL_TRIES_S = 120


def make_its_own(twin: Twin, name: str, pins: HostKeyPins) -> None:
    """Make `twin` the machine `name`, with keys of its own, and pin its new host key.

    Raises:
        NotRekeyed, GuestUnreachable, HostKeyChanged: that failed; nothing may be done with it.
    """
    try:
        shown = parse_public_key(twin.host_key)
    except GuardError as error:
        raise NotRekeyed(str(error)) from error
    pins.remove(name)
    pins.add(name, shown)
    transport = _login(
        replace(twin.address, known_hosts=pins.path, host_key_alias=host_key_alias(name))
    )
    try:
        own = rekey(transport, authorized_key=twin.authorized_key)
    finally:
        transport.close()
    pins.remove(name)
    pins.add(name, own)


def _login(address: SshAddress) -> FabricTransport:
    deadline = time.monotonic() + _ALL_TRIES_S
    while True:
        try:
            return connect_fabric(address, timeout_s=_ONE_TRY_S)
        except GuestUnreachable as error:
            if isinstance(error, LoginRefused) or time.monotonic() > deadline:
                raise
