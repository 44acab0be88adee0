"""What a profile may know of the machine it is for: plain data, filled in by nopal.

What only the machine itself can tell (kernel, groups, …) is a fact; steps get it when they plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shell = Literal["bash", "zsh", "fish"]
Autonomy = Literal["auto", "full", "ask"]


@dataclass(frozen=True)
class Repo:
    """A repository of the project and where its clone lives."""

    url: str
    path: str
    """`~/code/NAME`."""
    branch: str = ""
    """Empty: what the remote's HEAD names."""
    dependencies: bool = True
    """Whether what its lock files pin is installed: see the profile `deps`."""


@dataclass(frozen=True)
class SkillFile:
    """One file of a skill."""

    path: str
    """Below the skill's folder."""
    content: bytes
    is_executable: bool = False


@dataclass(frozen=True)
class Skill:
    """A skill of agents, from the person's computer."""

    name: str
    files: tuple[SkillFile, ...]


@dataclass(frozen=True)
class Guest:
    """A project's machine as declared."""

    name: str
    """The project's name."""
    user: str = "dev"
    home: str = "/home/dev"
    """Absolute, and without a symbolic link in it: agents key their trust by real paths."""
    machine: str = "x86_64"
    """`uname -m`: `x86_64` or `aarch64`."""
    distribution: str = "debian"
    """`ID` of os-release: `debian` or `ubuntu`."""
    timezone: str = "Etc/UTC"
    locale: str = "C.UTF-8"
    shell: Shell = "bash"
    repos: tuple[Repo, ...] = ()
    autonomy: Autonomy = "auto"
    """How much coding agents may do without asking: see the profiles `claude` and `codex`."""
    git_name: str = ""
    git_email: str = ""
    agent_socket: str = ""
    """Where the machine's SSH agent is, in it; empty: it has none of its own."""
    signing_key: str = ""
    """An OpenSSH public key line; empty: commits are not signed."""
    allowed_signers: tuple[str, ...] = ()
    """Further lines of an allowed_signers file, such as `ann@example.com ssh-ed25519 AAAA…`."""
    known_hosts: str = ""
    """Pinned host keys, as in a known_hosts file."""
    mounts: tuple[str, ...] = ()
    """Folders of the host, as the guest sees them."""
    polls: bool = False
    """Whether programs that watch them are to look for changes by themselves."""
    ports: str = "auto"
    """`auto`, `none`, or the forwarded ports, in words for the memory file."""
    extra_ca: tuple[str, ...] = ()
    """Certificates (PEM) of authorities that the host trusts beyond the usual ones."""
    skills: tuple[Skill, ...] = ()
    """What coding agents shall know how to do."""

    @property
    def arch(self) -> str:
        """Debian's name of the architecture: `amd64` or `arm64`."""
        return {"x86_64": "amd64", "aarch64": "arm64"}.get(self.machine, self.machine)

    def absolute(self, path: str) -> str:
        """Return `path` with a leading `~/` replaced by the home."""
        return f"{self.home}/{path[2:]}" if path.startswith("~/") else path

    @property
    def workspaces(self) -> tuple[str, ...]:
        """Every folder in which an agent may be started, absolute: `~/code`, clones, mounts."""
        folders = ("~/code", *(repo.path for repo in self.repos), *self.mounts)
        return tuple(dict.fromkeys(self.absolute(folder).rstrip("/") or "/" for folder in folders))
