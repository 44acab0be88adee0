"""The `ssh` command line by which a person stands in a machine."""

from __future__ import annotations

from pathlib import Path

from provision.transport.address import SshAddress
from provision.transport.wire import quote_for_any_shell


def ssh_command(
    address: SshAddress, *, script: str = "", tty: bool = False, over_master: bool = False
) -> list[str]:
    """Return the argv that runs `script` in the guest, or a login shell when it is empty.

    It reads no ssh_config and brings no agent: the guest has a way of its own to the keys that it
    may use. It logs in anew, and the host key must be the pinned one; or else, `over_master`, it
    joins the connection that is open at `control_path`, and fails where there is none.
    """
    options = _joining(address) if over_master else _login(address)
    command = ["ssh", "-F", "none", "-p", str(address.port)]
    for name, value in options.items():
        command += ["-o", f"{name}={value}"]
    command += ["-t"] if tty else ["-T"]
    command += ["-l", address.user, "--", address.host]
    # sshd gives it to the login shell, which may be fish; the script is bash's.
    return [*command, f"exec bash -c {quote_for_any_shell(script)}"] if script else command


def _login(address: SshAddress) -> dict[str, str]:
    return {
        "HostKeyAlias": address.host_key_alias,
        "UserKnownHostsFile": _path(address.known_hosts) if address.known_hosts else "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes" if address.known_hosts else "no",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": _path(address.identity_file) if address.identity_file else "none",
        "ForwardAgent": "no",
        "ControlPath": "none",
        "PreferredAuthentications": "publickey",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "8",
        "LogLevel": "ERROR",
    }


def _joining(address: SshAddress) -> dict[str, str]:
    return {
        "ControlPath": _path(address.control_path) if address.control_path else "none",
        "ControlMaster": "no",
        # Without the master there must be no login in its place.
        "ProxyCommand": "false",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
    }


def _path(path: Path) -> str:
    """Return `path` as ssh_config(5) reads it: quoted, with `%` meaning itself."""
    return '"' + str(path).replace("%", "%%") + '"'
