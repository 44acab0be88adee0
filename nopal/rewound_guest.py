"""Bringing a guest that was rewound while it ran to the present: its connections, its clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from provision.errors import GuestUnreachable

if TYPE_CHECKING:
    from .machine import Machine


def reconnect(machine: Machine, clock: Callable[[], float] = time.time) -> None:
    """Log in to the guest, set its clock, and let the driver connect anew.

    Whatever was connected does not know that the guest is not the one it talked to any more.

    Raises:
        MachineError, ConvergeError: nobody can log in, or the clock cannot be set.
        LimaError: the driver does not come to a connection again.
    """
    with machine.reporter.activity("connecting anew, and setting the clock"):
        _state, transport = machine.reach()
        try:
            # By a login that stands already: how long that took must not be missing.
            now = f"sudo -n date --utc --set=@{clock():.3f} >/dev/null"
            if transport.run(now, machine.reporter.log) != 0:
                raise GuestUnreachable(machine.name, "its clock cannot be set")
        finally:
            transport.close()
        machine.driver.checkpoints.reconnect(machine.name)
