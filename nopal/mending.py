"""What `up` gives back to a machine that runs, where that takes nothing from what runs in it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lima.errors import LimaError
from provision.errors import GuestUnreachable
from provision.transport.openssh import OpenSshTransport, is_master_well

from . import guest_clock
from .guest_clock import ClockWatch
from .machine_errors import LetsNobodyIn

if TYPE_CHECKING:
    from provision.transport.fabric import FabricTransport

    from .over_master import Glance
    from .report import Reporter
    from .state import MachineState
    from .way_in import WayIn

_START_SSHD = "sudo -n systemctl start ssh || sudo -n systemctl start sshd"
_MASTER_ANSWERS_WITHIN_S = 30


@dataclass(frozen=True)
class Mending:
    """The small repairs of one machine, each of which says what it does."""

    way_in: WayIn
    reporter: Reporter

    def clock(self, transport: FabricTransport) -> ClockWatch:
        """Return what hears the guest's clock, and sets one that is wrong."""

        def mend(off_s: float) -> None:
            self.reporter.say(f"its clock is {guest_clock.words(off_s)}, as after a sleep: set")
            if transport.run(guest_clock.set_script(time.time()), self.reporter.log) != 0:
                self.reporter.say("its clock could not be set")

        return ClockWatch(mend)

    def connection(self, state: MachineState, seen: Glance) -> None:
        """Have a connection that died, or hangs, opened anew: forwards and clock hang on it."""
        if not self.way_in.is_tended(state):
            self.tell_untended(state)
            return
        if not seen.is_dead and self.way_in.is_connected(state):
            return
        self.reporter.say("the connection for its ports, clock and agent was dead: opened anew")
        try:
            self.way_in.open_driver().reconnect(self.way_in.name)
        except LimaError as error:
            self.reporter.say(f"it could not be opened anew: {error}")

    def tell_untended(self, state: MachineState) -> None:
        """Say that Lima's agent of the machine was killed: nothing but a boot brings one."""
        if not self.way_in.is_tended(state):
            self.reporter.say(
                "what runs in it goes on, but Lima's agent for it was killed, so its ports and"
                f" clock stand still until: inv restart -p {self.way_in.name}"
            )

    def let_in(self, state: MachineState) -> FabricTransport:
        """Log in to a machine that runs; where its sshd is down, start that over the master.

        Raises:
            LetsNobodyIn: nobody can log in.
            HostKeyChanged: it is not the one that it was.
        """
        try:
            return self.way_in.connect(state)
        except GuestUnreachable as error:
            if not self.sshd(state):
                raise LetsNobodyIn(self.way_in.name, error.reason) from error
        return self.way_in.connect(state)

    def sshd(self, state: MachineState) -> bool:
        """Start an sshd that takes no login, over a connection from before; return whether."""
        if self.way_in.greets(state):
            return False
        master = state.ssh.control_path if state.ssh is not None else ""
        if not master or not is_master_well(Path(master)):
            return False
        self.reporter.say("it takes no new login: starting its sshd")
        transport = OpenSshTransport(
            self.way_in.address(state), answers_within_s=_MASTER_ANSWERS_WITHIN_S
        )
        try:
            return transport.run(f"{_START_SSHD}; echo", self.reporter.log) == 0
        except GuestUnreachable:
            return False
