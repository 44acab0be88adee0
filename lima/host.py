"""What this host is: its system, processor, and whether it can run machines at full speed."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

System = Literal["Linux", "Darwin"]
Machine = Literal["x86_64", "aarch64"]

KVM = Path("/dev/kvm")


@dataclass(frozen=True)
class Host:
    """The facts about a host that decide how machines run on it."""

    system: System
    machine: Machine
    has_hardware_virtualisation: bool
    is_root: bool = False
    distribution: str = ""
    """`ID` of os-release, such as `debian`; empty on macOS."""
    like: tuple[str, ...] = ()
    """`ID_LIKE` of os-release."""
    why_emulated: str = ""
    """Why machines are emulated here, for the person to read; empty when they are not."""

    @property
    def is_debian_family(self) -> bool:
        """Whether apt and Debian's package names hold here."""
        return bool({"debian", "ubuntu"} & {self.distribution, *self.like})

    @property
    def vm_type(self) -> Literal["vz", "qemu"]:
        """The kind of machine Lima runs here."""
        return "vz" if self.system == "Darwin" else "qemu"


def detect() -> Host:
    """Look at this host. Raises `NotImplementedError` where Lima does not run."""
    machine = machine_of(platform.machine())
    is_root = os.geteuid() == 0
    if sys.platform == "darwin":
        return Host("Darwin", machine, True, is_root)
    if not sys.platform.startswith("linux"):
        message = f"nopal runs on Linux and macOS, not on {sys.platform}"
        raise NotImplementedError(message)
    release = os_release(_text(Path("/etc/os-release")))
    why = why_emulated(
        machine,
        _text(Path("/proc/cpuinfo")),
        has_kvm=KVM.exists(),
        # The system user gets its access through the group, which set-up sees to.
        may_open_kvm=is_root or os.access(KVM, os.R_OK | os.W_OK),
    )
    return Host(
        "Linux",
        machine,
        not why,
        is_root,
        release.get("ID", ""),
        tuple(release.get("ID_LIKE", "").split()),
        why,
    )


def machine_of(name: str) -> Machine:
    """Return Lima's name of a processor from the one the kernel gives."""
    if name in {"arm64", "aarch64"}:
        return "aarch64"
    if name in {"x86_64", "amd64", "AMD64"}:
        return "x86_64"
    message = f"nopal knows x86_64 and aarch64, not {name}"
    raise NotImplementedError(message)


def why_emulated(machine: Machine, cpuinfo: str, *, has_kvm: bool, may_open_kvm: bool) -> str:
    """Return why KVM cannot be used, or an empty text when it can.

    A /dev/kvm can be there without virtualisation behind it (in a container, in a VM without
    nesting); Lima would then choose it and QEMU would die. So on x86_64 the flags decide.
    """
    flags = {
        word
        for line in cpuinfo.splitlines()
        if line.startswith("flags")
        for word in line.partition(":")[2].split()
    }
    if machine == "x86_64" and not flags & {"vmx", "svm"}:
        return "this processor offers no hardware virtualisation (no vmx or svm)"
    if not has_kvm:
        return "there is no /dev/kvm"
    if not may_open_kvm:
        return "you may not open /dev/kvm (`sudo usermod -aG kvm $USER`, then log in again)"
    return ""


def processor() -> str:
    """Return a digest of what this host's processor can do, as far as guests may rely on it."""
    fields = ("vendor_id", "cpu family", "model", "stepping", "microcode", "flags", "Features")
    lines = _text(Path("/proc/cpuinfo")).partition("\n\n")[0].splitlines()
    told = [line for line in lines if line.startswith(fields)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def os_release(text: str) -> dict[str, str]:
    """Return the pairs of an os-release file."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
