"""The SSH master that Lima keeps open to a machine: ended where it is of no use, and made anew."""

from __future__ import annotations

import re
from pathlib import Path

from lima.instance import Instance
from lima.limactl import Limactl
from lima.mounts.again import mount_again
from lima.process import Identity, run


def end(folder: Path, person: Identity | None) -> None:
    """End the master of the machine in `folder`, however stuck, if there is one.

    Lima ends it with the machine, but not when it removes one that runs: then it ends by itself
    once it notices that nobody answers.
    """
    # Not asked to exit: one that stands still would let us wait for ever. Its title is OpenSSH's.
    title = rf"^ssh: {re.escape(str(_socket(folder)))} \[mux\]"
    run(("pkill", "-KILL", "-f", "--", title), run_as=person)


def renew(limactl: Limactl, folder: Path, instance: Instance, person: Identity | None) -> None:
    """End the master of `instance`, however stuck, and have Lima open another.

    Lima's agent uses a master and never opens one. It finds its way over the new one by itself,
    for all but the sockets of this computer that are in the guest, which are put there again, and
    folders that are mounted over it.

    Raises:
        LimactlFailed: Lima does not come to a connection again.
    """
    master = _socket(folder)
    end(folder, person)
    master.unlink(missing_ok=True)
    limactl.shell(instance.name, "true")
    rules = (instance.config.port_forwards or ()) if instance.config is not None else ()
    for rule in rules:
        if rule.reverse and rule.guest_socket and rule.host_socket:
            way = f"{rule.guest_socket}:{rule.host_socket}"
            options = ("-F", "/dev/null", "-o", f"ControlPath={master}")
            run(("ssh", *options, "-O", "forward", "-R", way, instance.name), run_as=person)
    mount_again(folder, instance, person)


def _socket(folder: Path) -> Path:
    return folder / "ssh.sock"
