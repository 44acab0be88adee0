"""The `ssh` command line by which a person stands in a machine."""

from __future__ import annotations

from pathlib import Path

from provision.transport.address import SshAddress
from provision.transport.wire import quote_for_any_shell


def ssh_command(
    address: SshAddress, *, script: str = "", forwards_agent: bool = False, tty: bool = False
) -> list[str]:
    """Return the argv that runs `script` in the guest, or a login shell when it is empty.

    It reads no ssh_config and joins no master connection: with `forwards_agent`, the agent at
    SSH_AUTH_SOCK of the environment, and nothing else of the host, is forwarded, by this connection
    only. The host key must be the pinned one.
    """
    options = {
        "HostKeyAlias": address.host_key_alias,
        "UserKnownHostsFile": _path(address.known_hosts) if address.known_hosts else "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes" if address.known_hosts else "no",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        # ssh forwards no agent that it may not ask itself; it asks for the list, and IdentitiesOnly
        # keeps it from offering another key than the machine's.
        "IdentityAgent": "" if forwards_agent else "none",
        "IdentityFile": _path(address.identity_file) if address.identity_file else "none",
        "ForwardAgent": "yes" if forwards_agent else "no",
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
    # sshd gives it to the login shell, which may be fish; the script is bash's.
    return [*command, f"exec bash -c {quote_for_any_shell(script)}"] if script else command


def _path(path: Path) -> str:
    """Return `path` as ssh_config(5) reads it: quoted, with `%` meaning itself."""
    return '"' + str(path).replace("%", "%%") + '"'
