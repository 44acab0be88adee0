"""One machine's way to its keys: a socket of this computer, carried into the guest.

Lima carries it from each start on, over the SSH master that it opens then. This is for what comes
between: a machine that was started before its template had such a rule, and any other master than
that of the start, such as the one after a rewind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lima.errors import LimaError
from lima.guest import AGENT_SOCKET
from provision.transport.master import Master

from .machine_errors import MachineError

if TYPE_CHECKING:
    from provision.transport.address import SshAddress


@dataclass(eq=False)
class WiderAgent(MachineError):
    """Somebody opened the connection that is kept to a machine with an agent of theirs."""

    machine: str
    control_path: Path

    def __str__(self) -> str:
        return (
            f"the SSH connection that is kept to {self.machine} was opened by something else, with"
            " an agent at hand:\n"
            "the machine may be able to use all of that agent's keys, whatever the project says\n"
            f"end it: ssh -o ControlPath={self.control_path} -O exit {self.machine}"
        )


@dataclass(frozen=True)
class KeyWay:
    """How one machine reaches its keys."""

    machine: str
    socket: Path
    """Where this computer answers for them."""
    memory: Path
    """A file that says over which master they are carried."""
    open_master: Callable[[], object]
    """Lets Lima open a master, where there is none."""

    def carry(self, address: SshAddress) -> bool:
        """Carry the socket into the guest; return False where that cannot be done.

        Raises:
            WiderAgent: the master was opened with another agent.
        """
        master = Master(address)
        if address.control_path is None:
            return False
        if not master.identity:
            try:
                self.open_master()
            except LimaError:
                return False
        if master.has_agent():
            raise WiderAgent(self.machine, address.control_path)
        identity = master.identity
        if not identity or not master.carry(AGENT_SOCKET, self.socket):
            return False
        self._remember(identity)
        return True

    def is_carried(self, address: SshAddress) -> bool:
        """Whether the master that lives now carries the socket."""
        try:
            return self.memory.read_text(encoding="utf-8") == Master(address).identity != ""
        except FileNotFoundError:
            return False

    def note_carried(self, address: SshAddress) -> None:
        """Remember that Lima carries the socket over the master that lives now."""
        self._remember(Master(address).identity)

    def forget(self) -> None:
        """Forget the master, since the machine is gone."""
        self.memory.unlink(missing_ok=True)

    def _remember(self, identity: str) -> None:
        self.memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.memory.write_text(identity, encoding="utf-8")
