"""Looking at the ports of one running machine: the machine, its driver, this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import guest_look
from .host_listeners import host_listeners
from .look_in import look_in
from .machine_errors import NoSuchMachine, NotRunning
from .port_table import Ports, Row, Running

if TYPE_CHECKING:
    from lima.instance import Instance

    from .driver import Driver
    from .machine import Machine


def ports_here(driver: Driver, name: str) -> Ports:
    """Return the machine's ports as they can be seen without asking it.

    Raises:
        NoSuchMachine, NotRunning: it has no ports.
        LimaError: the driver does not answer.
    """
    instances = driver.list()
    wanted = next((one for one in instances if one.name == name), None)
    if wanted is None:
        raise NoSuchMachine(name)
    if not wanted.is_running:
        raise NotRunning(name, wanted.status.lower())
    others = (one for one in instances if one.is_running and one.name != name)
    return Ports(
        _running(driver, wanted), tuple(_running(driver, one) for one in others), host_listeners()
    )


def port_rows(machine: Machine) -> tuple[Row, ...]:
    """Return every port of the machine, which is asked who listens in it: one exec.

    Raises:
        Whatever `ports_here` and `look_in` raise.
    """
    here = ports_here(machine.driver, machine.name)
    seen = look_in(machine, [guest_look.LISTENERS])
    return here.rows(guest_look.listeners(seen.answers))


def _running(driver: Driver, instance: Instance) -> Running:
    return Running(instance.name, driver.forwards(instance), instance.host_agent_pid)
