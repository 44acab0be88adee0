"""The checks of one running machine, in order, with what they need of it."""

from __future__ import annotations

import socket
import time
from functools import partial
from typing import TYPE_CHECKING

from provision.errors import ConvergeError, GuestUnreachable
from provision.transport.openssh import OpenSshTransport, is_master_alive

from .. import guest_look
from ..look_in import ask
from ..over_master import ANSWERS_WITHIN_S
from ..port_look import ports_here
from ..rewound_guest import reconnect
from .finding import Check, Finding, Subject, good
from .guest_checks import clock_check, disk_checks, mounts_check, names_check
from .visit import Told, Visit

if TYPE_CHECKING:
    from ..machine import Machine

_QUESTIONS = (
    *(guest_look.NAMES, guest_look.DISK, guest_look.MOUNTS, guest_look.LISTENERS),
    guest_look.CLOCK,
)


def guest_subject(machine: Machine) -> Subject:
    """Return the checks of a machine that runs."""
    visit = Visit(partial(_ask, machine))
    name = machine.name
    spec = machine.states.read(name).spec
    wanted = [path for path in spec.get("mounts", "none").split(", ") if path != "none"]
    login = Check("login", partial(_login, visit))
    if not login_works(visit):
        return Subject(name, (login,))
    return Subject(
        name,
        (
            login,
            Check("open connection", partial(_connection, machine)),
            clock_check(visit, name, partial(reconnect, machine)),
            names_check(visit, name, _resolves),
            *disk_checks(visit, name),
            mounts_check(visit, name, wanted),
            Check("ports", partial(_ports, machine, visit)),
        ),
    )


def login_works(visit: Visit) -> bool:
    """Whether the guest could be asked at all: the check of the login says why not."""
    try:
        visit.told()
    except ConvergeError:
        return False
    return True


def _ask(machine: Machine) -> Told:
    """Log in, as that is one of the things to find out, and ask everything."""
    _state, transport = machine.reach()
    try:
        asked = time.time()
        seen = ask(transport, _QUESTIONS)
        return Told(seen.answers, asked, time.time())
    finally:
        transport.close()


def _login(visit: Visit) -> Finding:
    visit.told()
    return good("answers, with the host key that is pinned for it")


def _connection(machine: Machine) -> Finding:
    """Look at the SSH connection that Lima keeps open: forwards and quick looks go over it."""
    address = machine.way_in.address(machine.states.read(machine.name))
    fix = f"inv doctor --fix -p {machine.name}"
    mend = partial(machine.driver.checkpoints.reconnect, machine.name)
    if not is_master_alive(address.control_path):
        return Finding(False, "nobody holds it", fix, mend)
    try:
        OpenSshTransport(address, answers_within_s=ANSWERS_WITHIN_S).run("echo", lambda _line: None)
    except GuestUnreachable as error:
        return Finding(False, f"it is dead: {error.reason}", fix, mend)
    return good("answers")


def _ports(machine: Machine, visit: Visit) -> Finding:
    """Look for ports of this computer that the machine would have and another program has."""
    listeners = guest_look.listeners(visit.told().answers)
    table = ports_here(machine.driver, machine.name).rows(listeners)
    taken = [row for row in table if row.state == "taken"]
    if taken:
        says = "; ".join(row.remark for row in taken)
        return Finding(False, says, f"end what has it, or see: inv ports -p {machine.name}")
    here = [str(row.guest) for row in table if row.state == "here"]
    return good(f"here: {', '.join(here)}" if here else "none is forwarded now")


def _resolves(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return False
    return True
