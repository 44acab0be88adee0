"""How a machine is found and logged in to: where it was last reached, else where it runs now.

Nothing is made or started here.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from guard.host_keys import alias as host_key_alias
from lima.pid_files import is_tended
from provision.errors import GuestUnreachable, HostKeyChanged
from provision.transport.address import SshAddress
from provision.transport.dial import connect_fabric
from provision.transport.openssh import is_master_well

from .machine_errors import NoSuchMachine, NotRunning
from .state import MachineState, Ssh, StateStore, remember

if TYPE_CHECKING:
    from guard.public_key import PublicKey
    from lima.instance import Instance
    from provision.transport.fabric import FabricTransport

    from .driver import Driver
    from .wish import Wish

_QUICK_S = 10
"""Enough for a machine that answers at all where it was last reached."""


class HostKeyPins(Protocol):
    """Where the machines' host keys are pinned."""

    @property
    def path(self) -> Path:
        """The known_hosts file."""

    def read(self, machine: str) -> tuple[PublicKey, ...]:
        """Return the keys that are pinned for `machine`."""

    def add(self, machine: str, *keys: PublicKey) -> None:
        """Pin `keys` for `machine` too."""

    def remove(self, machine: str) -> bool:
        """Forget the key of `machine`."""


@dataclass(frozen=True)
class WayIn:
    """The way into one machine."""

    name: str
    open_driver: Callable[[], Driver]
    """Called when the driver is needed: a machine that answers at once needs none."""
    states: StateStore
    pins: HostKeyPins
    agent: Path | None = None
    """What is forwarded as an SSH agent to the steps that need one."""

    def reach(self, wish: Wish | None = None) -> tuple[MachineState, FabricTransport]:
        """Connect to the running machine, whose safety `wish` tells where it has to be asked for.

        Raises:
            NoSuchMachine, NotRunning, UnsafeInstance, GuestUnreachable.
        """
        state = self.states.read(self.name)
        transport = self.answering(state)
        if transport is not None:
            return state, transport
        driver = self.open_driver()
        instance = driver.instance(self.name)
        if instance is None:
            raise NoSuchMachine(self.name)
        if instance.status != "Running" or state.is_twin:
            raise NotRunning(self.name, "half made" if state.is_twin else instance.status.lower())
        if wish is not None:
            driver.assert_safe(instance, wish.spec)
        state = self.found(state, instance)
        return state, self.connect(state)

    def answering(self, state: MachineState) -> FabricTransport | None:
        """Connect where the machine was last reached; None when it has to be looked for."""
        if state.ssh is None or not state.pinned:
            return None
        try:
            return self.connect(state, timeout_s=_QUICK_S)
        except (GuestUnreachable, HostKeyChanged):
            return None

    def quick_address(self) -> SshAddress | None:
        """Return where the machine was last reached, if something still listens there.

        Only the pinned host key proves that it is the machine, so a client must insist on it.
        """
        state = self.states.read(self.name)
        if state.ssh is None or not state.pinned:
            return None
        address = self.address(state)
        try:
            socket.create_connection((address.host, address.port), timeout=2).close()
        except OSError:
            return None
        return address

    def is_tended(self, state: MachineState) -> bool:
        """Return whether what keeps the machine's forwards and clock seems to live."""
        if state.ssh is None or not state.ssh.control_path:
            return True
        return is_tended(Path(state.ssh.control_path).parent)

    def is_connected(self, state: MachineState) -> bool:
        """Return whether the connection on which forwards hang answers."""
        if state.ssh is None or not state.ssh.control_path:
            return True
        return is_master_well(Path(state.ssh.control_path))

    def greets(self, state: MachineState) -> bool:
        """Return whether an sshd answers where the machine was last reached."""
        if state.ssh is None:
            return False
        try:
            with socket.create_connection((state.ssh.host, state.ssh.port), _QUICK_S) as client:
                return bool(client.recv(1))
        except OSError:
            return False

    def address(self, state: MachineState) -> SshAddress:
        """Return where the machine was last reached, to be trusted only with its pinned key."""
        if state.ssh is None:
            raise NotRunning(self.name, "not reached yet")
        return with_pins(state.ssh, self.pins.path, host_key_alias(self.name))

    def connect(self, state: MachineState, *, timeout_s: float = 60) -> FabricTransport:
        """Log in where the machine was found; a key that none is pinned for yet is accepted."""
        try:
            return connect_fabric(
                self.address(state),
                agent_socket=self.agent,
                accept_new=not state.pinned,
                timeout_s=timeout_s,
            )
        except HostKeyChanged as error:
            error.forget = f"inv adopt {self.name}"
            raise

    def found(self, state: MachineState, instance: Instance) -> MachineState:
        """Remember how to log in to the running `instance`."""
        state = msgspec.structs.replace(state, ssh=remember(self.open_driver().ssh(instance)))
        self.states.write(state)
        if not state.pinned:
            self.pins.remove(self.name)
        return state

    def forget(self) -> None:
        """Forget where the machine was reached, since it stopped."""
        state = self.states.read(self.name)
        if state.ssh is not None:
            self.states.write(msgspec.structs.replace(state, ssh=None))


def with_pins(ssh: Ssh, pins: Path, alias: str) -> SshAddress:
    """Return the remembered address, to be trusted only with the host key pinned as `alias`."""
    return replace(
        SshAddress(host=ssh.host, port=ssh.port, user=ssh.user),
        identity_file=Path(ssh.identity_file) if ssh.identity_file else None,
        known_hosts=pins,
        host_key_alias=alias,
        control_path=Path(ssh.control_path) if ssh.control_path else None,
    )
