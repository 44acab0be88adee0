#!/usr/bin/python3
"""nmlocal, nmstatus: folders of a mounted project that are this machine's own.

node_modules, .venv or target hold what was made for one system. A folder of the same name on this
machine's disk is bound over the one that comes from the host, whose files stay as they are. systemd
binds it whenever the mounted folder appears.

Put into machines by nopal; it needs Python alone, and is root's work.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STORES = Path("/var/lib/nopal/local")
"""A folder for each, named after its unit."""
KNOWN = Path("/etc/nopal/local")
"""A file for each that is bound, named after its unit; in it, the folder."""
UNITS = Path("/etc/systemd/system")
_HOST_FOLDERS = ("fuse.sshfs", "virtiofs", "9p")
_LONGEST_NAME = 240  # systemd takes 255
_PLAIN = frozenset(f"{string.ascii_letters}{string.digits}:_./")
_LOCKS = {
    "node_modules": (
        *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
        *("bun.lock", "bun.lockb"),
    ),
    ".venv": ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"),
    "target": ("Cargo.lock",),
    ".next": ("next.config.js", "next.config.mjs", "next.config.ts"),
}
_DEEPEST = 3
_NOT_ENTERED = {*_LOCKS, "dist", "build", "vendor", "venv"}


class Refused(Exception):
    """A folder that cannot be the machine's own, and why."""


@dataclass(frozen=True)
class Mount:
    """A folder of the host."""

    folder: Path
    unit: str


@dataclass(frozen=True)
class Local:
    """A folder that is to be the machine's own."""

    folder: Path
    unit: str

    @property
    def store(self) -> Path:
        """Where its content is."""
        return STORES / self.unit.removesuffix(".mount")

    @property
    def is_bound(self) -> bool:
        """Whether the folder is the machine's own now."""
        try:
            return self.folder.samefile(self.store)
        except OSError:
            return False

    @property
    def state(self) -> str:
        """How it is, in a word."""
        if self.is_bound:
            return "bound"
        return "unbound" if self.folder.parent.is_dir() else "gone"

    def unit_text(self, mount: Mount) -> str:
        """Return the unit that binds it once the host's folder is there."""
        folder, parent, store = (
            str(path).replace("%", "%%") for path in (self.folder, self.folder.parent, self.store)
        )
        return f"""\
# Put here by nmlocal; nmlocal --off takes it away.
[Unit]
Description=A folder of this machine's own
BindsTo={mount.unit}
After={mount.unit}
# A project that was moved is not made again where it was.
ConditionPathIsDirectory={parent}

[Mount]
What={store}
Where={folder}
Type=none
Options=bind

[Install]
WantedBy={mount.unit}
"""


def host_folders(mountinfo: str) -> list[Path]:
    """Return the folders of the host in the text of /proc/self/mountinfo, the deepest first."""
    found = []
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        if rest.split(" ")[0] in _HOST_FOLDERS:
            path = fields.split(" ")[4].encode().decode("unicode_escape")
            found.append(Path(path.encode("latin-1").decode(errors="surrogateescape")))
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def wanted(here: Path) -> Iterator[Path]:
    """Yield what the lock files in `here` and not far below it ask for."""
    for folder, below, files in os.walk(here):
        depth = len(Path(folder).relative_to(here).parts)
        below[:] = [
            name
            for name in sorted(below)
            if depth < _DEEPEST and name not in _NOT_ENTERED and not name.startswith(".")
        ]
        for name, locks in _LOCKS.items():
            if not set(locks).isdisjoint(files):
                yield Path(folder) / name


def escaped(path: str) -> str:
    """Return an absolute path as systemd writes it in names of units: systemd.unit(5)."""
    text = os.fsencode(path.strip("/"))
    kept = "".join(chr(byte) if chr(byte) in _PLAIN else f"\\x{byte:02x}" for byte in text)
    if kept.startswith("."):
        kept = f"\\x2e{kept[1:]}"
    return kept.replace("/", "-")


def unescaped(name: str) -> str:
    """Return the path that was `escaped`."""
    path = re.sub(
        rb"\\x([0-9a-f]{2})",
        lambda found: bytes((int(found[1], 16),)),
        b"/".join(os.fsencode(name).split(b"-")),
    )
    return "/" + os.fsdecode(path)


def unit_of(folder: Path) -> str:
    """Return the name of a folder's mount unit. Raises Refused: it can have none."""
    text = str(folder)
    if not text.isprintable() or "\\" in text:
        raise Refused(f"{text!a}: systemd takes no such name")
    unit = f"{escaped(text)}.mount"
    if len(unit) > _LONGEST_NAME:
        raise Refused(f"{text}: its path is too long for systemd")
    return unit


def placed(folder: Path, mounts: Sequence[Path]) -> tuple[Local, Mount]:
    """Return `folder`, and the mount it is below. Raises Refused: it cannot be the machine's."""
    folder = folder.parent.resolve() / folder.name
    mount = next((mount for mount in mounts if mount in folder.parents), None)
    if mount is None or folder.name in ("", ".."):
        raise Refused(f"{folder} is in no folder of the host")
    local = Local(folder, unit_of(folder))
    if local.is_bound:
        return local, Mount(mount, unit_of(mount))
    if not folder.parent.is_dir():
        raise Refused(f"{folder.parent} is no folder")
    if folder.parent.stat().st_dev != mount.stat().st_dev:
        raise Refused(f"{folder.parent} is this machine's own already")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise Refused(f"{folder} is there and no folder")
    return local, Mount(mount, unit_of(mount))


def known() -> list[Local]:
    """Return the folders that are to be the machine's own."""
    files = sorted(KNOWN.iterdir()) if KNOWN.is_dir() else []
    return [Local(Path(file.read_text(encoding="utf-8")), file.name) for file in files]


def bind(local: Local, mount: Mount, owner: tuple[int, int]) -> None:
    """Make the folder the machine's own, now and after each boot."""
    local.store.mkdir(parents=True, exist_ok=True)
    os.chown(local.store, *owner)
    KNOWN.mkdir(parents=True, exist_ok=True)
    (KNOWN / local.unit).write_text(str(local.folder), encoding="utf-8")
    (UNITS / local.unit).write_text(local.unit_text(mount), encoding="utf-8")
    _systemctl("daemon-reload")
    _systemctl("enable", "--quiet", "--", local.unit)
    _systemctl("start", "--", local.unit)
    if not local.is_bound:
        raise Refused(f"{local.folder} could not be bound: systemctl status '{local.unit}'")


def release(local: Local) -> None:
    """Give the host's folder back. What is in the machine's own stays on its disk."""
    unit = UNITS / local.unit
    if unit.exists():
        _systemctl("disable", "--quiet", "--now", "--", local.unit)
    if local.is_bound:
        raise Refused(f"{local.folder} is in use: end what works in it")
    unit.unlink(missing_ok=True)
    (KNOWN / local.unit).unlink(missing_ok=True)
    _systemctl("daemon-reload")
    if local.store.is_dir() and not any(local.store.iterdir()):
        local.store.rmdir()


def take_along(old: Path, local: Local) -> None:
    """Let `local` begin with what was the machine's own at `old`."""
    before = Local(old, unit_of(old))
    if not before.store.is_dir() or (local.store.is_dir() and any(local.store.iterdir())):
        raise Refused(f"nothing of {old} can be taken along to {local.folder}: see nmstatus")
    release(before)
    if local.store.is_dir():
        local.store.rmdir()
    if before.store.is_dir():
        before.store.rename(local.store)


def _systemctl(*words: str) -> None:
    done = subprocess.run(("systemctl", *words), check=False, capture_output=True, text=True)
    if done.returncode != 0 and words[0] != "disable":
        raise Refused(f"systemctl {words[0]}: {done.stderr.strip() or done.returncode}")


def _size(folder: Path) -> int:
    command = ("du", "--summarize", "--block-size=1", "--", str(folder))
    out = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    return int(out.split()[0]) if out else 0


def report() -> list[dict[str, object]]:
    """Return what nmstatus tells."""
    locals_ = known()
    rows: list[dict[str, object]] = [
        {
            "folder": str(local.folder),
            "state": local.state,
            "bytes": _size(local.store),
            "store": str(local.store),
        }
        for local in locals_
    ]
    stores = {local.store for local in locals_}
    for store in sorted(STORES.iterdir()) if STORES.is_dir() else []:
        if store not in stores:
            rows.append(
                {
                    "folder": unescaped(store.name),
                    "state": "kept",
                    "bytes": _size(store),
                    "store": str(store),
                }
            )
    return rows


_ADVICE = {
    "unbound": "nmlocal {folder} binds it",
    "gone": "moved? there: nmlocal --moved-from {folder} NAME; else: nmlocal --off {folder}",
    "kept": "not in use: nmlocal {folder} takes it again, sudo rm -r {store} ends it",
}


def nmstatus(words: Sequence[str]) -> None:
    """List the folders that are this machine's own."""
    parser = argparse.ArgumentParser(prog="nmstatus", description=nmstatus.__doc__)
    parser.add_argument("--json", action="store_true", help="as JSON")
    asked = parser.parse_args(words)
    _as_root("nmstatus", words)
    rows = report()
    if asked.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for row in rows:
        quoted = {key: shlex.quote(str(value)) for key, value in row.items()}
        advice = _ADVICE.get(str(row["state"]), "").format(**quoted)
        size = f"{int(str(row['bytes'])) / 2**20:.1f} MiB"
        sys.stdout.write(f"{row['state']:8} {size:>12}  {row['folder']}\n")
        sys.stdout.write(f"{'':8} {'':12}  {advice}\n" if advice else "")


def nmlocal(words: Sequence[str]) -> None:
    """Give folders of a mounted project a place on this machine's own disk."""
    parser = argparse.ArgumentParser(prog="nmlocal", description=nmlocal.__doc__)
    parser.add_argument("dirs", nargs="*", metavar="DIR", help="node_modules, where none is named")
    parser.add_argument("--auto", action="store_true", help="what lock files here and below want")
    parser.add_argument("--off", action="store_true", help="no more; without DIR, all from here on")
    parser.add_argument("--moved-from", metavar="OLD", help="with what was its own at OLD")
    asked = parser.parse_args(words)
    _as_root("nmlocal", words)
    here = Path.cwd()
    if asked.off:
        named = [Path(os.path.abspath(each)) for each in asked.dirs]  # noqa: PTH100 - no links
        chosen = [
            local
            for local in known()
            if local.folder in named or (not named and here in local.folder.parents)
        ]
        for local in chosen:
            release(local)
            kept = f"; its content is kept: {local.store}" if local.store.exists() else ""
            sys.stdout.write(f"the host's again: {local.folder}{kept}\n")
        if not chosen:
            raise Refused("none of them is this machine's own: see nmstatus")
        return
    mounts = host_folders(Path("/proc/self/mountinfo").read_text(encoding="utf-8"))
    folders = [*map(Path, asked.dirs), *(wanted(here) if asked.auto else ())]
    if asked.auto and not folders:
        raise Refused("no lock file is here that asks for a folder: name one")
    owner = tuple(int(os.environ.get(name, "0")) for name in ("SUDO_UID", "SUDO_GID"))
    for folder in folders or [Path("node_modules")]:
        local, mount = placed(here / folder, mounts)
        if asked.moved_from:
            take_along(Path(os.path.abspath(asked.moved_from)), local)  # noqa: PTH100
        if local.folder.is_dir() and not local.is_bound and any(local.folder.iterdir()):
            sys.stdout.write(f"covered, and as it is on the host: {local.folder}\n")
        bind(local, mount, (owner[0], owner[1]))
        sys.stdout.write(f"this machine's own: {local.folder}\n")


def _as_root(name: str, words: Sequence[str]) -> None:
    if os.geteuid() != 0:
        program = shutil.which(name) or name
        os.execvp("sudo", ("sudo", "-n", "--", program, *words))  # noqa: S606


def main() -> None:
    """Do what the name it was called by says."""
    is_status = Path(sys.argv[0]).name == "nmstatus"
    try:
        (nmstatus if is_status else nmlocal)(sys.argv[1:])
    except Refused as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")


if __name__ == "__main__":
    main()
