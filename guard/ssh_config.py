"""What the person's own ssh configuration says about a host, as `ssh -G` sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard.command import Run, run_command
from guard.errors import GuardError
from guard.public_key import PublicKey, read_public_key_file


@dataclass(frozen=True)
class SshConfig:
    """The few settings that decide which key a host is offered."""

    identity_agent: str = ""
    identity_files: tuple[Path, ...] = ()
    identities_only: bool = False


def read_ssh_config(
    host: str,
    environ: Mapping[str, str],
    home: Path,
    *,
    user: str = "git",
    run: Run = run_command,
) -> SshConfig:
    """Ask `ssh -G` how it would log in to `host`; without an answer, the empty configuration.

    A name that ssh would read as an option is never passed on.
    """
    if not host or host.startswith("-"):
        return SshConfig()
    env = {**environ, "LC_ALL": "C", "HOME": str(home)}
    completed = run(["ssh", "-G", "-l", user, "--", host], env, timeout_s=3.0)
    if completed.status != 0:
        return SshConfig()
    return parse_ssh_config(completed.stdout, home)


def parse_ssh_config(text: str, home: Path) -> SshConfig:
    """Read the output of `ssh -G`: `keyword value` lines, keywords in lower case."""
    agent = ""
    files: list[Path] = []
    only = False
    for line in text.splitlines():
        keyword, _, value = line.partition(" ")
        if keyword == "identityagent":
            agent = value
        elif keyword == "identityfile" and value != "none":
            files.append(home / value[2:] if value.startswith("~/") else Path(value))
        elif keyword == "identitiesonly":
            only = value == "yes"
    return SshConfig(agent, tuple(files), only)


def keys_in_order_of_offer(
    config: SshConfig,
    agent_keys: Sequence[PublicKey],
    read_public: Callable[[Path], PublicKey] = read_public_key_file,
) -> tuple[PublicKey, ...]:
    """Return the agent's keys in the order in which ssh would offer them to the host.

    OpenSSH offers those first that an IdentityFile names, in the agent's order, and the others only
    without IdentitiesOnly (pubkey_prepare of its sshconnect2.c). Among the others an ed25519 key
    goes first: the one a forge most likely knows.
    """
    named = set()
    for path in config.identity_files:
        try:
            named.add(read_public(path).blob_base64)
        except GuardError:
            continue
    usable = [key for key in agent_keys if key.can_sign]
    offered = [key for key in usable if key.blob_base64 in named]
    if not (config.identities_only and offered):
        others = [key for key in usable if key.blob_base64 not in named]
        offered += sorted(others, key=lambda key: key.kind != "ssh-ed25519")
    return tuple(offered)
