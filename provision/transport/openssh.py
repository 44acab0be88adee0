"""SSH by the ssh program, over a master that is live: a channel costs a tenth of a login."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConvergeError, GuestUnreachable
from .address import OwnConfig, SshAddress
from .pump import pump
from .wire import command

SSH_FAILED = 255
"""ssh's own status for a connection that failed."""


def is_master_alive(control_path: Path | None) -> bool:
    """Tell whether an OpenSSH master listens at `control_path`; a stale socket refuses."""
    if control_path is None:
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(control_path))
        except OSError:
            return False
    return True


def is_master_well(control_path: Path, within_s: float = 5) -> bool:
    """Tell whether a master greets who connects, as one that stands still does not.

    See OpenSSH's PROTOCOL.mux: both sides begin with a MUX_MSG_HELLO.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(within_s)
        try:
            probe.connect(str(control_path))
            return bool(probe.recv(1))
        except OSError:
            return False


@dataclass
class OpenSshTransport:
    """A transport by `ssh`, a process for each script.

    It never opens a master. Scripts that need the agent, and all scripts after `reconnect`, get a
    connection of their own: a master carries the agent and the groups of the moment it was opened.
    """

    address: SshAddress
    agent_socket: Path | None = None
    accept_new: bool = False
    timeout_s: int = 30
    uses_master: bool = True
    answers_within_s: float | None = None
    """How long the first script over a master may stay silent."""

    def run(
        self,
        script: str,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
        secret: str = "",
        is_private: bool = False,
    ) -> int:
        """Run `script`; see Transport."""
        wanted = command(script, secret, is_private=is_private)
        agent = self.agent_socket if forward_agent else None
        environment = {k: v for k, v in os.environ.items() if k != "SSH_AUTH_SOCK"}
        if self.address.config is not None:
            environment = dict(os.environ)
        elif agent is not None or self.address.identity_file is None:
            environment["SSH_AUTH_SOCK"] = str(agent or os.environ.get("SSH_AUTH_SOCK", ""))
        # A file, not a pipe: a master inherits stderr and never ends it.
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(
                self.arguments(wanted.line, agent=agent),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=environment,
            ) as process,
        ):
            try:
                status = pump(process, wanted.stdin, on_line, within_s=self.answers_within_s)
            except TimeoutError as error:
                reason = f"no answer within {self.answers_within_s} s"
                raise GuestUnreachable(str(self.address), reason) from error
            self.answers_within_s = None
            if status == SSH_FAILED or status < 0:
                said.seek(0)
                raise self._error(said.read().decode(errors="backslashreplace"))
        return status

    def reconnect(self) -> None:
        """Leave the master alone from now on: others use it, so it cannot be ended from here."""
        self.uses_master = False

    def close(self) -> None:
        """Do nothing: the master is not ours."""

    def arguments(self, line: str, *, agent: Path | None) -> list[str]:
        """Return ssh's whole command line.

        The person's own ssh_config has a say in it only for the person's own hosts.
        """
        address = self.address
        if address.config is not None:
            return self._by_own_config(address.config, line, agent)
        master = address.control_path if self.uses_master and agent is None else None
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": str(self.timeout_s),
            "ControlMaster": "no",
            "ControlPath": _path(master) if master else "none",
            "ForwardAgent": "yes" if agent else "no",
            "HostKeyAlias": address.alias,
            "LogLevel": "ERROR",
            "Port": str(address.port),
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "4",
            "UpdateHostKeys": "no",
            "User": address.user,
        }
        if agent is not None:
            # Without it, ForwardAgent is dropped silently where the environment has no agent.
            options["IdentityAgent"] = _path(agent)
        if address.identity_file is not None:
            options |= {"IdentityFile": _path(address.identity_file), "IdentitiesOnly": "yes"}
        if address.known_hosts is None:
            options |= {"UserKnownHostsFile": os.devnull, "StrictHostKeyChecking": "no"}
        else:
            checking = "accept-new" if self.accept_new else "yes"
            known_hosts = _path(address.known_hosts)
            options |= {"UserKnownHostsFile": known_hosts, "StrictHostKeyChecking": checking}
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", "-T", *words, "--", address.host, line]

    def _by_own_config(self, config: OwnConfig, line: str, agent: Path | None) -> list[str]:
        options = {
            "BatchMode": "yes",
            "ControlMaster": "no",
            "ForwardAgent": _path(agent) if agent else "no",
            "LogLevel": "ERROR",
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "4",
        }
        if agent is not None or not self.uses_master:
            options["ControlPath"] = "none"
        if self.accept_new:
            options["StrictHostKeyChecking"] = "accept-new"
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        words += ["-F", str(config.file)] if config.file else []
        words += ["-l", config.user] if config.user else []
        words += ["-p", str(config.port)] if config.port else []
        return ["ssh", "-T", *words, "--", config.name, line]

    def _error(self, said: str) -> ConvergeError:
        from .known_hosts import changed  # noqa: PLC0415 - ssh checks the key; this names it

        if "HOST IDENTIFICATION HAS CHANGED" in said and self.address.known_hosts is not None:
            key = re.search(r"SHA256:[A-Za-z0-9+/]+", said)
            found = key.group() if key else "of another kind"
            return changed(self.address.known_hosts, self.address.alias, found, str(self.address))
        lines = said.strip().splitlines()
        reason = lines[-1] if lines else "ssh ended without a word"
        return GuestUnreachable(str(self.address), reason)


def _path(path: Path) -> str:
    """Return `path` as a value of ssh_config, which splits at blanks and expands `%`."""
    return '"' + str(path).replace("%", "%%") + '"'
