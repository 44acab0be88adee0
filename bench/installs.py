"""Real installs: nopal beside one bare call of the package manager, each into the same system.

The system is a folder with Debian in it, made once by mmdebstrap. What is to be installed is there
already, downloaded: the network's moods are no part of what is compared. What a run writes goes to
a layer over that folder, which is thrown away; it sees nothing else of this computer.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .clock import Command, CommandFailed, Pairs, Run, in_pairs
from .link import linked
from .results import Comparison
from .server import running_server
from .tools import Case, Tool, clean_environment
from .workload import Entry, Workload

RELEASE = "trixie"
PACKAGES = (
    *("bat", "curl", "fd-find", "file", "fzf", "git", "htop", "jq", "less", "lsof"),
    *("ncdu", "procps", "ripgrep", "rsync", "shellcheck", "sqlite3", "strace", "tmux", "tree"),
    "zip",
)
NPM_PACKAGES = (
    Entry("eslint", "9.39.1"),
    Entry("npm-check-updates", "19.1.2"),
    Entry("pnpm", "10.22.0"),
    Entry("prettier", "3.6.2"),
    Entry("typescript", "5.9.3"),
)
TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
NPM_SETTINGS = f"cache=/var/cache/npm\ncafile={TRUSTED}\n"
# nopal's words, so that both do the same; and what a person would type.
APT = "DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
NPM = "npm install --global --no-fund --no-audit --no-update-notifier --no-progress"


APT_NAME = f"{len(PACKAGES)} packages by apt"
NPM_NAME = f"{len(NPM_PACKAGES)} packages by npm"


def specs() -> str:
    """Return what npm is asked for."""
    return " ".join(f"{package.path}@{package.value}" for package in NPM_PACKAGES)


class CannotInstall(Exception):
    """There is no system to install into; says why."""


def make_system(cache: Path, say: Callable[[str], None]) -> Path:
    """Return the folder of the system, made below `cache` unless it is there.

    Raises:
        CannotInstall: mmdebstrap is missing, or could not make it.
    """
    if shutil.which("mmdebstrap") is None:
        raise CannotInstall("there is no mmdebstrap")
    system, marker = cache / "system", cache / "system.txt"
    wanted = "\n".join((RELEASE, *PACKAGES, specs()))
    if marker.is_file() and marker.read_text() == wanted:
        return system
    say("making a system to install into")
    shutil.rmtree(system, ignore_errors=True)
    prepare = f"""\
set -eu
printf '#!/bin/sh\\nexit 101\\n' >"$1/usr/sbin/policy-rc.d"; chmod 0755 "$1/usr/sbin/policy-rc.d"
if [ -r {TRUSTED} ]; then cp {TRUSTED} "$1{TRUSTED}"; fi
printf '{NPM_SETTINGS.encode("unicode_escape").decode()}' >"$1/root/.npmrc"
chroot "$1" sh -c '{APT} --download-only {" ".join(PACKAGES)}'
chroot "$1" env HOME=/root {NPM} --prefix=/tmp/npm {specs()}
rm -rf "$1/tmp/npm"
echo offline=true >>"$1/root/.npmrc"
mkdir -p "$1/var/lib/nopal"
"""
    ended = subprocess.run(
        [
            *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--skip=cleanup"),
            *("--include=ca-certificates,nodejs,npm", f"--customize-hook={prepare}"),
            *(RELEASE, str(system)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        shutil.rmtree(system, ignore_errors=True)
        raise CannotInstall((ended.stderr.strip() or "mmdebstrap failed").rpartition("\n")[2])
    marker.write_text(wanted)
    return system


@dataclass(frozen=True)
class Installs:
    """Pairs of installs, each into a fresh layer over `system`."""

    system: Path
    place: Path
    tool: Tool
    most_pairs: int
    say: Callable[[str], None]

    def compare(self) -> Iterator[Comparison]:
        """Measure both package managers."""
        self.place.mkdir()
        enter = self._enter()
        with (
            running_server(self.place / "server", forced=str(enter)) as server,
            linked(server, self.place / "link", 0) as link,
        ):
            environment = clean_environment(server.place / "home")
            for name, work, bare, proof in (
                (
                    APT_NAME,
                    installing(packages=PACKAGES),
                    f"{APT} {' '.join(PACKAGES)}",
                    [f"var/lib/dpkg/info/{package}.list" for package in PACKAGES],
                ),
                (
                    NPM_NAME,
                    installing(npm=NPM_PACKAGES),
                    f"{NPM} {specs()}",
                    [f"usr/local/lib/node_modules/{p.path}/package.json" for p in NPM_PACKAGES],
                ),
            ):
                self.say(name)
                ours = self.tool.prepare(Case(link.place / name, link, work))
                least = Command((*link.cold_ssh()[:-1], bare), link.place, environment)
                pairs, peak, other = self._pairs(ours, least, proof)
                yield Comparison(name, pairs, peak, other)

    @property
    def layer(self) -> Path:
        """What a run writes."""
        return self.place / "layer"

    def _enter(self) -> Path:
        """Return a program that runs in the system what ssh was asked for.

        What it mounts is seen by nobody else and ends with it.
        """
        root, work = self.place / "root", self.place / "work"
        root.mkdir()
        layers = f"lowerdir={self.system},upperdir={self.layer},workdir={work}"
        enter = self.place / "enter"
        enter.write_text(
            f"""\
#!/bin/sh
export HOME=/root
exec unshare --mount sh -ec '
mount -t overlay overlay -o {layers} {root}
mount -t proc proc {root}/proc
exec chroot {root} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
"""
        )
        enter.chmod(0o755)
        return enter

    def _pairs(
        self, first: Command, second: Command, proof: Sequence[str]
    ) -> tuple[Pairs, int, int]:
        peaks: list[int] = []

        def anew(command: Command) -> Run:
            for folder in (self.layer, self.place / "work"):
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
            # Both find lists of packages that are of today.
            stamp = self.layer / "var/lib/nopal/apt-lists"
            stamp.parent.mkdir(parents=True)
            stamp.touch()
            run = command.run()
            missing = [path for path in proof if not (self.layer / path).exists()]
            if missing:
                raise CommandFailed(command.words, f"left {', '.join(missing)}", run.output)
            return run

        def other() -> Run:
            run = anew(second)
            peaks.append(run.peak_kib)
            return run

        anew(second)  # what is read from the disk for the first time counts for neither
        pairs, peak = in_pairs(lambda: anew(first), other, most=self.most_pairs, budget_s=180)
        return pairs, peak, max(peaks)


def installing(packages: tuple[str, ...] = (), npm: tuple[Entry, ...] = ()) -> Workload:
    """Return a workload of packages alone."""
    return Workload("", packages, (), (), (), (), (), (), npm)
