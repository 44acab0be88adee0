"""The checks of one running machine, in order, with what they need of it."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from guard.ssh_agent import list_keys
from provision.errors import ConvergeError, GuestUnreachable
from provision.transport.master import Master
from provision.transport.openssh import OpenSshTransport, is_master_alive

from .. import guest_look, key_look
from ..look_in import ask
from ..over_master import ANSWERS_WITHIN_S
from ..port_look import ports_here
from ..rewound_guest import reconnect
from . import keys as key_checks
from .finding import Check, Finding, Subject, good
from .guest_checks import (
    clock_check,
    credentials_check,
    disk_checks,
    mounts_check,
    names_check,
)
from .identity import is_password_manager
from .visit import Told, Visit

if TYPE_CHECKING:
    from guard.keys.exposed import AgentKey
    from guard.keys.policy import KeyPolicy
    from provision.look import Question

    from ..keys import Keys
    from ..machine import Machine

_QUESTIONS = (
    *(guest_look.NAMES, guest_look.DISK, guest_look.MOUNTS, guest_look.LISTENERS),
    guest_look.CREDENTIALS,
    *(key_look.CLIENT, key_look.VARIABLE, key_look.SOCKETS, guest_look.CLOCK),
)


def guest_subject(machine: Machine, keys: Keys) -> Subject:
    """Return the checks of a machine that runs; `keys` is this computer's broker."""
    policy = keys.given(machine.name)
    # A password manager may ask for a finger before it lists what it has.
    may_ask = policy is None or not any(is_password_manager(Path(one)) for one in policy.upstream)
    visit = Visit(partial(_ask, machine, (key_look.SEEN,) if may_ask else ()))
    name = machine.name
    spec = machine.states.read(name).spec
    texts = [text for text in spec.get("mounts", "none").split(", ") if text != "none"]
    # An older nopal remembered no mode.
    wanted = {text.partition(":")[0]: not text.endswith(":ro") for text in texts}
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
            *([credentials_check(visit, name)] if wanted else ()),
            Check("ports", partial(_ports, machine, visit)),
            key_checks.client_check(visit, name),
            *(_keys(visit, name, policy, keys) if may_ask else ()),
            key_checks.hosts_check(name, policy),
            _other_agents(machine, visit),
        ),
    )


def login_works(visit: Visit) -> bool:
    """Whether the guest could be asked at all: the check of the login says why not."""
    try:
        visit.told()
    except ConvergeError:
        return False
    return True


def _ask(machine: Machine, more: Sequence[Question]) -> Told:
    """Log in, as that is one of the things to find out, and ask everything."""
    _state, transport = machine.reach()
    try:
        asked = time.time()
        seen = ask(transport, (*_QUESTIONS, *more))
        return Told(seen.answers, asked, time.time())
    finally:
        transport.close()


def _keys(visit: Visit, name: str, policy: KeyPolicy | None, keys: Keys) -> tuple[Check, ...]:
    """Return the checks that ask agents for their keys."""

    def held() -> Sequence[AgentKey]:
        return key_checks.keys_held(policy, keys.own(name), list_keys) if policy else ()

    return (
        key_checks.held_check(name, policy, held),
        key_checks.seen_check(visit, name, policy, held),
    )


def _other_agents(machine: Machine, visit: Visit) -> Check:
    address = machine.way_in.address(machine.states.read(machine.name))
    end = f"ssh -o ControlPath={address.control_path} -O exit {machine.name}"
    return key_checks.agents_check(visit, machine.name, Master(address).has_agent, end)


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
