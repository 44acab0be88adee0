"""A version that a profile chose, and where a newer one would be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Registry = Literal["npm", "pypi", "go", "crate", "github", "node"]
"""Who knows the versions: a package registry, the releases of a GitHub repository, nodejs.org."""


@dataclass(frozen=True)
class Pin:
    """One program of a profile at one version.

    A profile's module lists its own in `PINS`; `inv pins` asks the registry for newer ones.
    """

    program: str
    """What it is called, such as `ruff`."""
    version: str
    """The version that is installed unless an option says otherwise."""
    registry: Registry
    package: str
    """The name at the registry: an npm or Python package, a crate, a Go module, `owner/repo`."""
    option: str = "version"
    """The profile's option that replaces the version; empty where there is none."""
    artefacts: Mapping[str, str] = field(default_factory=dict)
    """By machine (`x86_64`, `aarch64`), the URL of what is downloaded, with `{version}` in it."""
    checksums: Mapping[str, str] = field(default_factory=dict)
    """By machine, the SHA-256 of it at `version`, in hex."""
    sha256_option: str = "sha256"
    """The option that takes the checksum of another version; used where there are artefacts."""
    line: str = ""
    """What a newer version begins with, such as `24.`, where the profile keeps to one line."""

    def url(self, machine: str, version: str = "") -> str:
        """Return where the artefact for `machine` is; `version` is the pinned one unless given."""
        return self.artefacts[machine].format(version=version or self.version)
