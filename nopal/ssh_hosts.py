"""One ssh configuration with a host `nopal-NAME` for each machine, for editors, git and the person.

It is written anew whenever the state of a machine changes, so it is as true as the states are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from guard.host_keys import alias

from .lock import locked
from .state import MachineState, StateError, StateStore
from .text_file import read_text, replace_text

if TYPE_CHECKING:
    from .state import Ssh

_HEAD = "# Written by nopal whenever a machine starts, stops or ends: edits here are lost.\n"


@dataclass(frozen=True)
class SshHosts:
    """The generated file."""

    file: Path
    pins: Path
    """The known_hosts file with the machines' host keys."""

    def write(self, states: StateStore) -> None:
        """Make the file tell of the machines that have a state now. An unreadable one is left out.

        Raises:
            OSError: the file can't be written.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Two verbs at once: the one that writes last must have read last.
        with locked(self.file.with_name(".lock"), lambda _holder: None):
            text = hosts_text(_readable(states), self.pins)
            if read_text(self.file) != text:
                replace_text(self.file, text)


def hosts_text(machines: Iterable[MachineState], pins: Path) -> str:
    """Return the text of an ssh_config(5) with a host for each machine.

    Each says all that matters, since ssh takes the first value it meets, and what a person has
    under `Host *` shall not bring an agent, a proxy or a shared connection along.
    """
    return _HEAD + "".join(
        f"\nHost {alias(state.name)}\n"
        + "".join(f"    {name} {value}\n" for name, value in _settings(state, pins).items())
        for state in machines
    )


def _settings(state: MachineState, pins: Path) -> Mapping[str, str]:
    if state.ssh is None or not state.pinned or state.is_twin:
        # Else ssh would look for a server of that name in the network.
        told = f"{state.name} does not run; start it with: nopal up -p {state.name}"
        return {"ProxyCommand": f"sh -c \"echo '{told}' >&2; exit 1\""}
    return {**_reach(state.ssh), **_trust(state.name, pins), **_NOTHING_ELSE}


def _reach(ssh: Ssh) -> Mapping[str, str]:
    return {
        "HostName": ssh.host,
        "Port": str(ssh.port),
        "User": ssh.user,
        "IdentityFile": quoted(ssh.identity_file) if ssh.identity_file else "none",
        "IdentitiesOnly": "yes",
        "PreferredAuthentications": "publickey",
        "ProxyCommand": "none",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "8",
    }


def _trust(name: str, pins: Path) -> Mapping[str, str]:
    return {
        "HostKeyAlias": alias(name),
        "UserKnownHostsFile": quoted(str(pins)),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "CheckHostIP": "no",
        "UpdateHostKeys": "no",
    }


_NOTHING_ELSE = {
    "IdentityAgent": "none",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "AddKeysToAgent": "no",
    "CanonicalizeHostname": "no",
    "ControlMaster": "no",
    "ControlPath": "none",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "Tunnel": "no",
}
"""What a connection to a machine never has, whatever the person's own configuration says."""


def quoted(path: str) -> str:
    """Return `path` as ssh_config(5) reads it: in quotes, with `%` meaning itself."""
    return '"' + path.replace("%", "%%") + '"'


def _readable(states: StateStore) -> Iterable[MachineState]:
    for name in states.names():
        try:
            yield states.read(name)
        except StateError:
            continue
