"""The `ssh` command line by which a person stands in a machine."""

from __future__ import annotations

from pathlib import Path

from provision.transport.address import SshAddress


def ssh_command(
    address: SshAddress, *, script: str = "", agent: Path | None = None, tty: bool = False
) -> list[str]:
    """Return the argv that runs `script` in the guest, or a login shell when it is empty.

    It reads no ssh_config and joins no master connection: the agent at the socket `agent`, and
    nothing else of the host, is forwarded, and by this connection only. The host key must be
    the pinned one.
    """
    options = {
        "HostKeyAlias": address.host_key_alias,
        "UserKnownHostsFile": _path(address.known_hosts) if address.known_hosts else "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes" if address.known_hosts else "no",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": _path(address.identity_file) if address.identity_file else "none",
        "ForwardAgent": _path(agent) if agent else "no",
        "ControlPath": "none",
        "PreferredAuthentications": "publickey",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "8",
        "LogLevel": "ERROR",
    }
    command = ["ssh", "-F", "none", "-p", str(address.port)]
    for name, value in options.items():
        if value:
            command += ["-o", f"{name}={value}"]
    command += ["-t"] if tty else ["-T"]
    command += ["-l", address.user, "--", address.host]
    return [*command, script] if script else command


def _path(path: Path) -> str:
    """Return `path` as ssh_config(5) reads it: quoted, with `%` meaning itself."""
    return '"' + str(path).replace("%", "%%") + '"'
