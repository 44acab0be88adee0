"""Bringing a guest that was rewound while it ran to the present: its connections, its clock."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from provision.errors import GuestUnreachable
from provision.shell import quote

from .rekey import RESEED, SEED_BYTES

if TYPE_CHECKING:
    from .machine import Machine


def reconnect(machine: Machine, clock: Callable[[], float] = time.time) -> None:
    """Log in to the guest, set its clock and its random pool, and let the driver connect anew.

    Whatever was connected does not know that the guest is not the one it talked to any more; and
    without new randomness a guest that is rewound twice makes the same keys twice.

    Raises:
        MachineError, ConvergeError: nobody can log in, or the clock cannot be set.
        LimaError: the driver does not come to a connection again.
    """
    with machine.reporter.activity("connecting anew, and setting the clock"):
        _state, transport = machine.reach()
        try:
            # By a login that stands already: how long that took must not be missing.
            script = f"date --utc --set=@{clock():.3f} >/dev/null && python3 -c {quote(RESEED)}"
            seed = secrets.token_hex(SEED_BYTES)
            as_root = f"sudo -n sh -c {quote(script)}"
            if transport.run(as_root, machine.reporter.log, secret=seed) != 0:
                raise GuestUnreachable(machine.name, "its clock cannot be set, or its random pool")
        finally:
            transport.close()
        machine.driver.checkpoints.reconnect(machine.name)
        machine.carry_keys()
