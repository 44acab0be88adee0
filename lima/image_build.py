"""Debian's image, built on a Debian-family host from Debian's own signed archive.

The result is a folder with a disk, a kernel and an initrd, and no boot loader. Its name holds a
hash of everything that goes into it, so it is built once for every content and never half there.
"""

from __future__ import annotations

import hashlib
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

_KERNEL = {"x86_64": "linux-image-cloud-amd64", "aarch64": "linux-image-cloud-arm64"}
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
            cmdline=f"root=/dev/vda rw {_CONSOLE[self.machine]} net.ifnames=0",
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


Command = Callable[[Sequence[str]], object]
"""Runs one command to its end and raises when it fails."""


def build(recipe: Recipe, images: Path, command: Command, *, is_root: bool) -> Image:
    """Build the image into `images` and return it; an earlier, finished build is returned as it is.

    Two who ask at the same time share one build. What an interrupted build left is removed.
    Raises whatever `command` raises.
    """
    from filelock import FileLock  # noqa: PLC0415 - only a build needs it

    images.mkdir(parents=True, exist_ok=True)
    # limactl may run as another user than the one who builds.
    images.chmod(0o755)
    with FileLock(images / f".{recipe.folder}.lock"):
        target = images / recipe.folder
        if not (target / "disk.qcow2").is_file():
            shutil.rmtree(target, ignore_errors=True)
            for leftover in images.glob(f".{recipe.folder}.*.part"):
                _remove(leftover, command, is_root=is_root)
            _build(recipe, target, command, is_root=is_root)
        return recipe.image(target)


def _build(recipe: Recipe, target: Path, command: Command, *, is_root: bool) -> None:
    prefix = f".{target.name}."
    part = Path(tempfile.mkdtemp(prefix=prefix, suffix=".part", dir=target.parent))
    try:
        part.chmod(0o755)
        root, out = part / "root", part / "out"
        out.mkdir()
        script = part / "customise.sh"
        script.write_text(customise_script(), encoding="utf-8")
        command(mmdebstrap(recipe, root, script, is_root=is_root))
        helper = () if is_root else ("mmdebstrap", "--unshare-helper")
        command((*helper, "sh", "-ec", _MAKE_DISK, "sh", str(root), str(out), f"{_DISK_GIB}G"))
        raw = out / "disk.raw"
        command(
            ("qemu-img", "convert", "-q", "-O", "qcow2", str(raw), str(out / "disk.qcow2")),
        )
        raw.unlink()
        for path in (out, *out.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        out.rename(target)
    finally:
        _remove(part, command, is_root=is_root)


# `cat`, not `cp`: in a user namespace the folder is of a user who may not own files there.
_MAKE_DISK = """\
root=$1 out=$2 size=$3
cat "$root"/boot/vmlinuz-* > "$out/vmlinuz"
cat "$root"/boot/initrd.img-* > "$out/initrd.img"
PATH="$PATH:/usr/sbin:/sbin"
mke2fs -q -t ext4 -L root -m 1 -d "$root" "$out/disk.raw" "$size"
"""


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
        # It belongs to users of the namespace.
        command(("mmdebstrap", "--unshare-helper", "rm", "-rf", str(root)))
    shutil.rmtree(folder, ignore_errors=True)
