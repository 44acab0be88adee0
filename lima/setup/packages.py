"""What the host's own package manager brings: QEMU, OpenSSH, the tools that build an image."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lima.errors import SetupFailed
from lima.host import Host
from lima.process import OnLine, must_run

# Administrators' programs are not on everybody's PATH.
_PLACES = ("/usr/sbin", "/sbin", "/usr/local/sbin")
# The places where Lima looks for UEFI firmware (qemu.go, getFirmware).
_FIRMWARE = {
    "x86_64": (
        "/usr/share/qemu/edk2-x86_64-code.fd",
        "/usr/local/share/qemu/edk2-x86_64-code.fd",
        "/usr/share/edk2/x64/OVMF_CODE.4m.fd",
        "/usr/share/OVMF/OVMF_CODE.fd",
        "/usr/share/OVMF/OVMF_CODE_4M.fd",
        "/usr/share/edk2/ovmf/OVMF_CODE.fd",
        "/usr/share/qemu/ovmf-x86_64.bin",
        "/usr/share/qemu/ovmf-x86_64-4m.bin",
    ),
    "aarch64": (
        "/usr/share/qemu/edk2-aarch64-code.fd",
        "/usr/local/share/qemu/edk2-aarch64-code.fd",
        "/usr/share/edk2/aarch64/QEMU_CODE.fd",
        "/usr/share/AAVMF/AAVMF_CODE.fd",
        "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
    ),
}
_QEMU_DEBIAN = {
    "x86_64": ("qemu-system-x86", "qemu-utils", "ovmf", "openssh-client"),
    "aarch64": (
        *("qemu-system-arm", "qemu-utils", "qemu-efi-aarch64", "ipxe-qemu"),
        "openssh-client",
    ),
}
# Named for the person, who installs them: nopal runs no package manager that it was not tried with.
_QEMU_ELSEWHERE = {
    "fedora": "sudo dnf install qemu-system-{fedora} qemu-img edk2-{edk2} openssh-clients",
    "rhel": "sudo dnf install qemu-kvm qemu-img edk2-{edk2} openssh-clients",
    "arch": "sudo pacman -S qemu-system-{arch} qemu-img edk2-{edk2} openssh",
    "suse": "sudo zypper install qemu-{suse} qemu-tools {suse_firmware} openssh-clients",
    "alpine": "sudo apk add qemu-system-{machine} qemu-img {alpine_firmware} openssh-client",
}


def has_program(name: str) -> bool:
    """Whether a program is installed."""
    return shutil.which(name) is not None or any((Path(place) / name).exists() for place in _PLACES)


@dataclass(frozen=True)
class AptPackages:
    """Packages of a Debian-family host."""

    name: str
    why: str
    packages: tuple[str, ...]
    met: Callable[[], bool]
    is_root: bool

    @property
    def command(self) -> str:
        """The apt call."""
        return " ".join(self._install)

    def is_met(self) -> bool:
        """Whether the programs that the packages bring are there."""
        return self.met()

    def install(self, on_line: OnLine) -> None:
        """Install them; the lists are only updated when apt knows too little as it is."""
        if self.is_met():
            return
        try:
            self._apt(self._install, on_line)
        except SetupFailed:
            self._apt((*self._sudo, "apt-get", "-q", "update"), on_line)
            self._apt(self._install, on_line)

    @property
    def _sudo(self) -> tuple[str, ...]:
        return () if self.is_root else ("sudo",)

    @property
    def _install(self) -> tuple[str, ...]:
        # Another apt at work is waited for.
        front = (*self._sudo, "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")
        return (*front, "install", "--yes", "--no-install-recommends", *self.packages)

    def _apt(self, command: tuple[str, ...], on_line: OnLine) -> None:
        # Through env, since sudo passes no variables on.
        front = command[: len(self._sudo)]
        rest = command[len(self._sudo) :]
        quiet = ("env", "DEBIAN_FRONTEND=noninteractive")
        must_run(self.name, (*front, *quiet, *rest), on_line)


@dataclass(frozen=True)
class ByHand:
    """Packages of a host whose package manager nopal does not run."""

    name: str
    why: str
    command: str
    met: Callable[[], bool]

    def is_met(self) -> bool:
        """Whether the programs are there."""
        return self.met()

    def install(self, on_line: OnLine) -> None:  # noqa: ARG002 (nothing is run)
        """Refuse, with the command to type. Raises `SetupFailed`."""
        if not self.is_met():
            raise SetupFailed(self.name, self.command, "nopal installs packages by apt only")


def qemu(host: Host) -> AptPackages | ByHand:
    """Return what runs machines on Linux."""

    def met() -> bool:
        programs = (f"qemu-system-{host.machine}", "qemu-img", "ssh", "ssh-keygen")
        return all(map(has_program, programs)) and any(
            Path(file).exists() for file in _FIRMWARE[host.machine]
        )

    name, why = "QEMU", "runs the machines"
    if host.is_debian_family:
        return AptPackages(name, why, _QEMU_DEBIAN[host.machine], met, host.is_root)
    return ByHand(name, why, _elsewhere(host), met)


def image_tools(host: Host) -> AptPackages:
    """Return what builds an image; only meant for Debian-family hosts."""
    programs = ["mmdebstrap", "mke2fs", "qemu-img"]
    packages = ["mmdebstrap", "e2fsprogs", "qemu-utils", "debian-archive-keyring"]
    if not host.is_root:
        programs.append("newuidmap")
        packages.append("uidmap")
    return AptPackages(
        "image tools",
        "build Debian's image, whose site cannot be reached from here",
        tuple(packages),
        lambda: all(map(has_program, programs)),
        host.is_root,
    )


def _elsewhere(host: Host) -> str:
    x86 = host.machine == "x86_64"
    names = {
        "machine": host.machine,
        "fedora": "x86" if x86 else "aarch64",
        "arch": "x86" if x86 else "aarch64",
        "edk2": "ovmf" if x86 else "aarch64",
        "suse": "x86" if x86 else "arm",
        "suse_firmware": "qemu-ovmf-x86_64" if x86 else "qemu-uefi-aarch64",
        "alpine_firmware": "ovmf" if x86 else "aavmf",
    }
    for family in (host.distribution, *host.like):
        key = "suse" if "suse" in family else family
        if key in _QEMU_ELSEWHERE:
            return _QEMU_ELSEWHERE[key].format(**names)
    return f"install qemu-system-{host.machine}, qemu-img, UEFI firmware (OVMF) and the SSH client"
