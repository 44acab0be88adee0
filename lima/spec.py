"""What a machine is to be, as plain data, and which values of it cannot be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lima.errors import UnsafeText
from lima.guest import AGENT_SOCKET, UID
from lima.host import Machine
from lima.images import Image

VmType = Literal["vz", "qemu"]

# Lima writes these, unquoted, into the guest's cloud-config: what they may hold is a short list.
_PATTERNS = {
    "name": (r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*", "letters and digits, joined by single . _ or -"),
    "user": (r"[a-z_][a-z0-9_-]{0,31}", "a small letter, then small letters, digits, _ and -"),
    "shell": (r"(/[A-Za-z0-9._+-]+)+", "an absolute path of letters, digits and . _ + -"),
    "timezone": (r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*", "a name such as Europe/Paris"),
    "mount point": (
        r"(/[A-Za-z0-9._@+=-]+)+",
        "an absolute path of letters, digits and . _ @ + = -",
    ),
}
_LAST_PORT = 65535
_SSH_PORT = 22
_LONGEST_SOCKET = 103  # of macOS; Linux takes four more


@dataclass(frozen=True)
class PortForward:
    """A TCP port of the guest that answers on the host's 127.0.0.1."""

    guest: int
    host: int


@dataclass(frozen=True)
class Mount:
    """A folder of the host inside the guest."""

    location: Path
    mount_point: str = ""
    """Where it appears; empty means the same path as on the host."""
    writable: bool = False
    keeps_git: bool = False
    """Whether hooks and configuration of the repos in it stay as they are."""

    @property
    def target(self) -> str:
        """The path in the guest."""
        return self.mount_point or str(self.location)

    def __str__(self) -> str:
        return f"{self.target}:{'rw' if self.writable else 'ro'}{',git-ro' * self.keeps_git}"


@dataclass(frozen=True, kw_only=True)
class MachineSpec:
    """Everything Lima has to know of one machine."""

    name: str
    image: Image
    vm_type: VmType
    machine: Machine
    cpus: int = 2
    memory_gib: int = 4
    disk_gib: int = 20
    timezone: str = "Etc/UTC"
    user: str = "dev"
    uid: int = UID
    shell: str = "/bin/bash"
    ports: Literal["auto", "none"] | tuple[PortForward, ...] = "none"
    """`auto`: every port of the guest on the host's loopback; else only the listed."""
    mounts: tuple[Mount, ...] = ()
    tells_of_changes: bool = False
    """Whether Lima tells the guest of changes that the host makes in them."""
    ca_files: tuple[Path, ...] = ()
    """Files of extra certificate authorities; Lima reads them at every start."""
    agent_socket: Path | None = None
    """Socket of the host that is the machine's SSH agent; whoever runs limactl connects to it."""

    @property
    def guest_agent_socket(self) -> str:
        """Where that agent is in the guest."""
        return AGENT_SOCKET

    @property
    def home(self) -> str:
        """The user's home in the guest."""
        return f"/home/{self.user}"

    @property
    def mounts_by_sshfs(self) -> bool:
        """Whether folders are mounted over SSH, and served by `lima.mounts`."""
        return bool(self.mounts) and self.vm_type == "qemu"

    @property
    def keeps_git(self) -> tuple[Path, ...]:
        """The folders in which hooks and configuration of repos stay as they are."""
        return tuple(mount.location for mount in self.mounts if mount.keeps_git)

    @property
    def denies_other_ports(self) -> bool:
        """Whether ports that are not listed stay inside the guest."""
        return self.ports != "auto"

    @property
    def forwards(self) -> tuple[PortForward, ...]:
        """The listed ports."""
        return self.ports if isinstance(self.ports, tuple) else ()


def is_mount_point(text: str) -> bool:
    """Return whether a machine can have a folder of the host at this path."""
    return re.fullmatch(_PATTERNS["mount point"][0], text) is not None


def check(spec: MachineSpec) -> None:
    """Refuse what Lima would refuse late, or hand on unquoted.

    Raises:
        UnsafeText: the first such value.
    """
    for problem in problems(spec):
        raise problem


def problems(spec: MachineSpec) -> Iterator[UnsafeText]:
    """Yield an error for each value of `spec` that cannot be."""
    texts = [
        ("name", spec.name),
        ("user", spec.user),
        ("shell", spec.shell),
        ("timezone", spec.timezone),
        *(("mount point", mount.target) for mount in spec.mounts),
    ]
    for field, text in texts:
        pattern, allowed = _PATTERNS[field]
        if not re.fullmatch(pattern, text):
            yield UnsafeText(field, text, allowed)
    if spec.name.endswith((".yml", ".yaml")):
        yield UnsafeText("name", spec.name, "it cannot end in .yml or .yaml")
    if spec.user == "root" or spec.uid <= 0:
        yield UnsafeText("user", spec.user, "root cannot be the user of a machine")
    for path in (*(mount.location for mount in spec.mounts), *spec.ca_files):
        if not path.is_absolute():
            yield UnsafeText("path", str(path), "it must be absolute")
    if spec.agent_socket is not None:
        yield from _agent_socket(spec.agent_socket)
    yield from _mounts(spec)
    for port in (port for forward in spec.forwards for port in (forward.guest, forward.host)):
        if not 0 < port <= _LAST_PORT or port == _SSH_PORT:
            yield UnsafeText("port", str(port), "a number from 1 to 65535 other than 22")
    for field, number in (
        ("cpus", spec.cpus),
        ("memory_gib", spec.memory_gib),
        ("disk_gib", spec.disk_gib),
    ):
        if number < 1:
            yield UnsafeText(field, str(number), "a whole number from 1")


def _mounts(spec: MachineSpec) -> Iterator[UnsafeText]:
    for mount in spec.mounts:
        if mount.keeps_git and spec.vm_type == "vz":
            yield UnsafeText("mount point", str(mount), "`git-ro` is there with qemu only")


def _agent_socket(path: Path) -> Iterator[UnsafeText]:
    text = str(path)
    if not path.is_absolute():
        yield UnsafeText("path", text, "it must be absolute")
    if ":" in text:
        yield UnsafeText("path", text, "ssh takes a colon in a socket's path for its end")
    if len(text.encode()) > _LONGEST_SOCKET:
        yield UnsafeText("path", text, f"a socket's path has at most {_LONGEST_SOCKET} bytes")
