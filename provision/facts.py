"""What a guest is, as found out in the same exec as the states of the steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """A guest as its first probe found it; every plan gets one."""

    distribution: str
    """`ID` of os-release, such as `debian`."""
    codename: str
    """`VERSION_CODENAME` of os-release, such as `trixie`."""
    version: str
    """`VERSION_ID` of os-release, such as `13`."""
    machine: str
    """`uname -m`: `x86_64` or `aarch64`."""
    kernel: str
    """`uname -r`."""
    user: str
    """The login user's name."""
    home: str
    """The login user's home directory."""
    groups: tuple[str, ...] = ()
    """The groups of this login, which may lag behind /etc/group."""
    uid: int = 1000
    """The login user's number; 0 is root, who needs no sudo."""

    @property
    def arch(self) -> str:
        """Debian's name of the architecture: `amd64` or `arm64`."""
        return {"x86_64": "amd64", "aarch64": "arm64"}.get(self.machine, self.machine)
