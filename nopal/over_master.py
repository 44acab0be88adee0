"""A quick look over the SSH master that Lima keeps open: a channel costs a tenth of a login.

Never more than a look. A master has the groups of the moment it was opened, and others use it: what
it shows to be wrong is looked at again by a login of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.errors import ConvergeError
from provision.report import SilentReport
from provision.step import Step
from provision.transcript import Log
from provision.transport.master import Master
from provision.transport.openssh import OpenSshTransport

from .guest_clock import ClockWatch

if TYPE_CHECKING:
    from provision.engine import Outcome
    from provision.transport.address import SshAddress

ANSWERS_WITHIN_S = 10
"""A machine that was rewound, or whose host slept, may leave a master that waits for ever."""


@dataclass(frozen=True)
class Glance:
    """What came of a look over a master."""

    master: str = ""
    """Which master was asked, to be compared; empty when none was."""
    outcome: Outcome | None = None
    """How the steps stand, if every one of them is as it should be."""
    is_dead: bool = False
    """Whether the master was asked and did not answer, or is not there at all."""

    @property
    def fit(self) -> str:
        """The master, if it has shown that it is as good as a login of one's own."""
        return self.master if self.outcome is not None else ""


def glance(
    address: SshAddress,
    steps: Sequence[Step],
    log: Log,
    *,
    poor: str = "",
    answers_within_s: float = ANSWERS_WITHIN_S,
) -> Glance:
    """Look at `steps` in one exec over the live master, unless it is the one known as `poor`."""
    master = Master(address).identity
    if not master:
        return Glance(is_dead=True)
    if master == poor:
        return Glance()
    from provision.engine import converge  # noqa: PLC0415 - the engine loads when it is needed

    transport = OpenSshTransport(address, answers_within_s=answers_within_s)
    watch = ClockWatch()
    try:
        outcome = converge(
            transport, steps, SilentReport(), dry_run=True, log=log, premise=watch.premise()
        )
    except ConvergeError as error:
        log.write(f"the SSH master at {address.control_path} is of no use: {error}\n")
        return Glance(master, is_dead=True)
    if watch.off_s:
        return Glance()  # a login sets the clock; the master is not to blame
    return Glance(master, outcome if outcome.is_converged else None)
