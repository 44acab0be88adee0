"""Lima itself: finding one that is good enough, or installing it beside nopal's other tools.

Never over the person's own: set-up writes below `LimaPaths.tools` only.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lima.errors import LimactlMissing, SetupFailed
from lima.host import Host
from lima.paths import LIMA_VERSION, LimaPaths
from lima.process import OnLine, identity, must_run, run
from lima.setup import go, release

MINIMUM_VERSION = (2, 2, 0)
# limactl refuses root, even to say its version, and the system user may not be there yet.
_ANYBODY = "nobody"


def parse_version(text: str) -> tuple[int, int, int] | None:
    """Return the version in `limactl version 2.2.0-153-g183a60d`, or None for `<unknown>`."""
    found = re.search(r"\bv?(\d+)\.(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def is_new_enough(text: str) -> bool:
    """Whether `limactl --version` says 2.2.0 or newer; a beta of 2.2.0 counts as older."""
    version = parse_version(text)
    if version is None or version < MINIMUM_VERSION:
        return False
    is_early = re.search(r"-(alpha|beta|rc)", text) is not None
    return version > MINIMUM_VERSION or not is_early


def has_guest_agent(limactl: Path, host: Host) -> bool:
    """Whether the part of Lima that runs in the guest lies where this limactl looks for it."""
    file = f"lima-guestagent.Linux-{host.machine}"
    prefixes = {limactl.parent.parent, limactl.resolve().parent.parent}
    return any(
        (prefix / "share" / "lima" / name).is_file()
        for prefix in prefixes
        for name in (file, f"{file}.gz")
    )


Ask = Callable[[Path], str]
"""limactl's path -> what `--version` says; empty when it cannot be run."""


def find_limactl(
    paths: LimaPaths, host: Host, environment: Mapping[str, str], ask: Ask | None = None
) -> Path:
    """Return the limactl to use: the one set-up installed, else one on PATH that is new enough.

    The installed one is not asked for its version, which its folder's name tells.

    Raises:
        LimactlMissing: there is neither.
    """
    if paths.limactl.is_file() and has_guest_agent(paths.limactl, host):
        return paths.limactl
    on_path = shutil.which("limactl", path=environment.get("PATH"))
    if on_path is not None:
        own = Path(on_path)
        if has_guest_agent(own, host):
            said = (ask or _asker(paths))(own)
            if is_new_enough(said):
                return own
            raise LimactlMissing(said.strip())
    raise LimactlMissing


def _asker(paths: LimaPaths) -> Ask:
    def ask(limactl: Path) -> str:
        person = identity(paths.user)
        if person is None:
            person = identity(_ANYBODY)
        if person is None:
            return ""
        variables = {"HOME": person.home, "USER": person.name, "PATH": "/usr/bin:/bin"}
        command = (str(limactl), "--version")
        try:
            done = run(command, environment=variables, directory=Path("/"), run_as=person)
        except OSError:
            return ""  # not executable by that user
        return done.stdout if done.status == 0 else ""

    return ask


@dataclass(frozen=True)
class LimaProgram:
    """limactl and its guest agent."""

    paths: LimaPaths
    host: Host
    environment: Mapping[str, str]
    name: str = f"Lima {LIMA_VERSION}"
    why: str = "makes, starts and stops the machines"

    @property
    def command(self) -> str:
        """What is done, as a command or a download."""
        if self.host.system == "Darwin":
            return "brew install lima"
        return f"download {release.archive(self.host.machine).url} to {self.paths.prefix}"

    def is_met(self) -> bool:
        """Whether a limactl is there that is new enough."""
        try:
            find_limactl(self.paths, self.host, self.environment)
        except LimactlMissing:
            return False
        return True

    def install(self, on_line: OnLine) -> None:
        """Install it: Homebrew on macOS, else the official release, else built from source.

        Raises:
            SetupFailed: none of these worked.
        """
        if self.is_met():
            return
        if self.host.system == "Darwin":
            # Only Homebrew's limactl is signed for vz.
            verb = "upgrade" if shutil.which("limactl") else "install"
            must_run(self.name, ("brew", verb, "lima"), on_line)
            return
        self.paths.tools.mkdir(parents=True, exist_ok=True)
        for leftover in self.paths.tools.glob(".lima-*.part"):
            shutil.rmtree(leftover)
        part = Path(
            tempfile.mkdtemp(prefix=f".lima-{LIMA_VERSION}.", suffix=".part", dir=self.paths.tools)
        )
        try:
            prefix = part / "prefix"
            self._fill(prefix, part, on_line)
            _readable_by_all(prefix)
            if self.paths.prefix.exists():
                shutil.rmtree(self.paths.prefix)
            prefix.rename(self.paths.prefix)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _fill(self, prefix: Path, scratch: Path, on_line: OnLine) -> None:
        archive = release.archive(self.host.machine)
        try:
            release.unpack(archive, prefix, scratch)
        except release.Unreachable as error:
            on_line(f"{archive.url} cannot be reached ({error}); building Lima from its source")
            go.build_lima(prefix, scratch, self.host.machine, self.environment, on_line)
        if not (prefix / "bin" / "limactl").is_file():
            raise SetupFailed(self.name, self.command, "there is no bin/limactl in it")


def _readable_by_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
