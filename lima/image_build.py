"""Debian's image, built on a Debian-family host from Debian's own signed archive.

The result is a folder with a disk, a kernel and an initrd, and no boot loader. Its name holds a
hash of everything that goes into it, so it is built once for every content and never half there.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lima.host import Machine
from lima.image_files import customise_script
from lima.images import Image

SUITE = "trixie"
REPLACES = "debian-13"
# Root's builds can be read by everybody, so a person on the same host need not build again.
SHARED_IMAGES = Path("/var/cache/nopal/images")

_KERNEL: dict[Machine, str] = {
    "x86_64": "linux-image-cloud-amd64",
    "aarch64": "linux-image-cloud-arm64",
}
_DEBIAN_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}
_CONSOLE = {"x86_64": "console=ttyS0 no_timer_check", "aarch64": "console=ttyAMA0"}
# iptables, rsync and sshfs are there because Lima would install them at the first boot.
_PACKAGES = """\
systemd systemd-sysv systemd-resolved systemd-timesyncd udev dbus libpam-systemd
cloud-init cloud-guest-utils netplan.io openssh-server sudo bash iproute2 iptables rsync sshfs
procps kmod e2fsprogs ca-certificates curl gnupg git locales less tmux python3-minimal zstd
xz-utils"""
_DISK_GIB = 3


@dataclass(frozen=True)
class Recipe:
    """What goes into the image of one processor."""

    machine: Machine

    @property
    def packages(self) -> tuple[str, ...]:
        """The Debian packages of the image."""
        return (_KERNEL[self.machine], *_PACKAGES.split())

    @property
    def key(self) -> str:
        """A short hash of everything that decides the content."""
        parts = (SUITE, self.machine, str(_DISK_GIB), *self.packages, customise_script())
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]

    @property
    def folder(self) -> str:
        """The name of the folder the image is kept in."""
        return f"{REPLACES}-{self.machine}-{self.key}"

    def image(self, folder: Path) -> Image:
        """Return the image that lies in `folder`."""
        return Image(
            REPLACES,
            self.machine,
            str(folder / "disk.qcow2"),
            kernel=str(folder / "vmlinuz"),
            initrd=str(folder / "initrd.img"),
            # Emulated on a busy host, a kernel may crash while it patches its own code (QEMU 7.2),
            # mostly at its boot. It is well at the next one, and else stands still.
            cmdline=f"root=/dev/vda rw {_CONSOLE[self.machine]} net.ifnames=0 panic=3 oops=panic",
            legacy_bios=self.machine == "x86_64",
        )


def built(image: Image, folders: Sequence[Path]) -> Image | None:
    """Return the finished build that stands in for an official image, if one is in `folders`."""
    if image.name != REPLACES or not image.is_remote:
        return None
    recipe = Recipe(image.arch)
    for folder in folders:
        if (folder / recipe.folder / "disk.qcow2").is_file():
            return recipe.image(folder / recipe.folder)
    return None


def outdated(images: Path) -> tuple[Path, ...]:
    """Return the finished builds in `images` of recipes that are no longer followed."""
    found = [path for machine in _KERNEL for path in images.glob(f"{REPLACES}-{machine}-*")]
    present = {Recipe(machine).folder for machine in _KERNEL}
    return tuple(sorted(path for path in found if path.name not in present))


Command = Callable[[Sequence[str]], object]
"""Runs one command to its end and raises when it fails."""


def build(
    recipe: Recipe,
    images: Path,
    command: Command,
    *,
    is_root: bool,
    workplace: Path = Path("/var/tmp"),  # noqa: S108 - made with mkdtemp
) -> Image:
    """Build the image into `images` and return it; an earlier, finished build is returned as it is.

    Two who ask at the same time share one build. What an interrupted build left is removed.
    `workplace` must be open to everybody: without root the work is done in a user namespace, whose
    users cannot look into a person's home. Raises whatever `command` raises.
    """
    from filelock import FileLock  # noqa: PLC0415 - only a build needs it

    images.mkdir(parents=True, exist_ok=True)
    # limactl may run as another user than the one who builds.
    images.chmod(0o755)
    with FileLock(images / f".{recipe.folder}.lock"):
        target = images / recipe.folder
        if not (target / "disk.qcow2").is_file():
            shutil.rmtree(target, ignore_errors=True)
            place = hashlib.sha256(bytes(target)).hexdigest()[:12]
            for leftover in workplace.glob(f"nopal-image-{place}-*"):
                if leftover.lstat().st_uid == os.getuid():
                    _remove(leftover, command, is_root=is_root)
            work = Path(tempfile.mkdtemp(prefix=f"nopal-image-{place}-", dir=workplace))
            try:
                _build(recipe, work, target, command, is_root=is_root)
            finally:
                _remove(work, command, is_root=is_root)
        return recipe.image(target)


def _build(recipe: Recipe, work: Path, target: Path, command: Command, *, is_root: bool) -> None:
    # Open to pass through, not to look into: the namespace's root has to get to `scratch`, and
    # write there; nobody else knows its name.
    work.chmod(0o711)
    root, scratch = work / "root", work / secrets.token_hex(16)
    scratch.mkdir()
    scratch.chmod(0o700 if is_root else 0o777)
    script = work / "customise.sh"
    script.write_text(customise_script(), encoding="utf-8")
    script.chmod(0o644)
    command(mmdebstrap(recipe, root, script, is_root=is_root))
    command(make_disk(root, scratch, is_root=is_root))
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    raw, disk = str(scratch / "disk.raw"), str(part / "disk.qcow2")
    command(("qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", raw, disk))
    for name in ("vmlinuz", "initrd.img"):
        shutil.copyfile(scratch / name, part / name)
    for path in (part, *part.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    part.rename(target)


_MAKE_DISK = """\
umask 022
root=$1 out=$2 size=$3
cat "$root"/boot/vmlinuz-* > "$out/vmlinuz"
cat "$root"/boot/initrd.img-* > "$out/initrd.img"
PATH="$PATH:/usr/sbin:/sbin"
mke2fs -q -t ext4 -L root -m 1 -d "$root" "$out/disk.raw" "$size"
"""


def make_disk(root: Path, out: Path, *, is_root: bool) -> tuple[str, ...]:
    """Return the command that makes of a tree a raw disk, with the kernel and initrd beside it."""
    helper = () if is_root else ("mmdebstrap", "--unshare-helper")
    return (*helper, "sh", "-ec", _MAKE_DISK, "sh", str(root), str(out), f"{_DISK_GIB}G")


def mmdebstrap(recipe: Recipe, root: Path, customise: Path, *, is_root: bool) -> tuple[str, ...]:
    """Return the command that makes the tree; the archive is checked against Debian's keyring."""
    return (
        "mmdebstrap",
        f"--mode={'root' if is_root else 'unshare'}",
        "--variant=minbase",
        "--format=directory",
        f"--architectures={_DEBIAN_ARCH[recipe.machine]}",
        f"--include={','.join(recipe.packages)}",
        "--aptopt=Acquire::Languages none",
        f'--customize-hook=sh {customise} "$1"',
        SUITE,
        str(root),
    )


def _remove(folder: Path, command: Command, *, is_root: bool) -> None:
    root = folder / "root"
    if not is_root and root.exists():
        # What is in it belongs to users of the namespace; it itself lies in a folder of ours.
        find = ("find", str(root), "-xdev", "-mindepth", "1", "-delete")
        command(("mmdebstrap", "--unshare-helper", *find))
    shutil.rmtree(folder, ignore_errors=True)
