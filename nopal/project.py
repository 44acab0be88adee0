"""A project: all that nopal knows of a machine before it looks at the machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .errors import Place
from .key_settings import KeySettings

if TYPE_CHECKING:
    from guard.secrets.fetch import Wanted

LayerName = Literal["built-in", "invoke", "defaults", "repo", "project", "origin", "flag"]
"""Who set a value, in words: nopal, [defaults], `.nopal.toml`, [projects.NAME], the URL of the repo
itself, the command line."""
Shell = Literal["bash", "zsh", "fish"]
Mode = Literal["project", "shared"]
Autonomy = Literal["auto", "full", "ask"]
Watch = Literal["none", "events", "poll"]
TakesCheckpoint = Literal["never", "detached"]
KeepsMemory = Literal["auto", "always", "never"]

GIB = 1024**3
WITHOUT_FILE = {"built-in": "built-in", "invoke": "Invoke's configuration"}
"""Where a value is from that stands in no project file."""


@dataclass(frozen=True)
class Origin:
    """Where a value came from."""

    layer: LayerName
    file: Path | None = None
    line: int | None = None

    @property
    def place(self) -> Place:
        """The same as errors show it."""
        return Place(self.file, self.line)

    def __str__(self) -> str:
        if self.file is None:
            return WITHOUT_FILE.get(self.layer, "command line")
        return str(self.place)


@dataclass(frozen=True)
class ImageChoice:
    """The disk image a machine starts from.

    Either one of the catalogue by `name`, or a `location` (URL, path) with its `digest`.
    """

    name: str = ""
    location: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return self.name or f"{self.location}#{self.digest}"


@dataclass(frozen=True)
class RepoEntry:
    """A repo to clone, as written: `guard` says whether the URL may be used."""

    url: str
    branch: str = ""
    path: str = ""
    """A folder in the guest, relative to `~/code`; "" is the repo's own name."""
    dependencies: bool = True
    """Whether what its lock files pin is installed in the guest."""


@dataclass(frozen=True)
class PortMapping:
    """Ports of the guest, first and last, and where the host listens for them on 127.0.0.1."""

    guest: tuple[int, int]
    host: tuple[int, int]

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Each port of the guest with its port of the host."""
        guest, host = (range(first, last + 1) for first, last in (self.guest, self.host))
        return tuple(zip(guest, host, strict=True))

    def __str__(self) -> str:
        guest, host = (str(a) if a == b else f"{a}-{b}" for a, b in (self.guest, self.host))
        return guest if guest == host else f"{guest} at {host}"


@dataclass(frozen=True)
class Mount:
    """A folder of the host in the guest, by the person's own wish."""

    path: Path
    is_writable: bool = False
    keeps_git: bool = False
    """Whether hooks and configuration of the repos in it stay as they are."""

    def __str__(self) -> str:
        return f"{self.path}:{'rw' if self.is_writable else 'ro'}{',git-ro' * self.keeps_git}"


@dataclass(frozen=True, kw_only=True)
class Project:
    """One project as its files and flags make it; what its options mean, the profiles say."""

    name: str
    image: ImageChoice
    cpus: int
    memory_bytes: int
    disk_bytes: int
    profiles: tuple[str, ...]
    options: Mapping[str, Mapping[str, object]]
    repos: tuple[RepoEntry, ...]
    ports: Literal["auto", "none"] | tuple[PortMapping, ...]
    shell: Shell
    checkpoint: TakesCheckpoint
    """Whether the machine is kept as it is before an agent is started and left alone."""
    autonomy: Autonomy
    signing: bool
    signing_key: str
    allowed_signers: tuple[str, ...]
    mode: Mode
    """Whether the machine is for one project, or for a whole folder of code of this computer."""
    mounts: tuple[Mount, ...]
    watch: Watch
    """How programs that watch them learn of a change on this computer."""
    secrets: tuple[Wanted, ...]
    """What is fetched on the host, and kept in the machine's memory."""
    agents: Mapping[str, str]
    """By profile, which of the logins that this computer keeps its program gets."""
    skills: tuple[Path, ...]
    """Folders of this computer with skills that its agents get."""
    secrets_dotenv: bool
    """Whether a dotenv file of them is wanted there, too."""
    wants_secrets: tuple[str, ...]
    """What the repo's own file asks for, which gives it nothing."""
    checkpoint_memory: KeepsMemory
    """Whether a checkpoint of the running machine holds its memory; `auto`: not with secrets."""
    notify: bool
    """Whether the desktop tells when a long `up` has ended."""
    keys: KeySettings
    """Which keys of this computer the machine may use, and for what."""
    git_name: str
    """"" means: as the host's git has it."""
    git_email: str
    timezone: str
    """"" means: the host's."""
    locale: str
    extra_ca: tuple[Path, ...]

    person_file: Path
    """The person's own file, whether it exists or not: errors say what to write there."""
    repo_root: Path | None = None
    """The repo whose `.nopal.toml` has a say in this project."""
    origin: str = ""
    """URL of that repo's remote `origin`: the person's own word, unlike the file."""
    is_in_person_file: bool = False
    fork_of: str = ""
    """The project that these settings are of, for a machine that was forked."""
    holds_origin: bool = False
    """Whether the person's own file lists the repo one stands in for this project."""
    provenance: Mapping[str, Origin] = field(default_factory=dict, repr=False)
    """Where each value came from, by dotted key: `cpus`, `repos[0]`, `options.docker.source`."""

    @property
    def memory_gib(self) -> int:
        """Memory in whole GiB, rounded up."""
        return math.ceil(self.memory_bytes / GIB)

    @property
    def disk_gib(self) -> int:
        """Size of the disk in whole GiB, rounded up."""
        return math.ceil(self.disk_bytes / GIB)

    def over(self, options: Mapping[str, Mapping[str, object]]) -> Project:
        """Return the project with `options` of Invoke's configuration below its own."""
        merged = dict(self.options)
        provenance = dict(self.provenance)
        for profile, weaker in options.items():
            own = self.options.get(profile, {})
            merged[profile] = {**weaker, **own}
            for key in weaker.keys() - own.keys():
                provenance[f"options.{profile}.{key}"] = Origin("invoke")
        return replace(self, options=merged, provenance=provenance)

    def place(self, key: str) -> Place:
        """Return where `key` was set, for an error of another room."""
        while key not in self.provenance and "." in key:
            key = key.rpartition(".")[0]
        origin = self.provenance.get(key)
        return origin.place if origin else Place()
