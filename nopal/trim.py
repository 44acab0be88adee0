"""Giving back to the host what the guest no longer uses of its disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provision.errors import ConvergeError
from provision.transport.openssh import OpenSshTransport, is_master_alive

if TYPE_CHECKING:
    from provision.transport.address import SshAddress

    from .report import Reporter

ANSWERS_WITHIN_S = 120


def trim(address: SshAddress, reporter: Reporter) -> bool:
    """Discard the unused blocks of a running machine, over Lima's SSH master; tell whether it did.

    Only what is at hand is used: a machine that is about to stop is not worth a login, and one
    that hangs has to stop all the same. The log says why it was left as it is.
    """
    if address.control_path is None or not is_master_alive(address.control_path):
        reporter.log("no live SSH master: unused blocks stay until the guest discards them itself")
        return False
    transport = OpenSshTransport(address, answers_within_s=ANSWERS_WITHIN_S)
    try:
        return transport.run("sudo -n fstrim --all", reporter.log) == 0
    except ConvergeError as error:
        reporter.log(f"unused blocks stay: {error}")
        return False
