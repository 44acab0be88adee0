"""Which profiles a devcontainer's image and features stand for. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

_FEATURE = re.compile(r"ghcr\.io/devcontainers/features/([a-z0-9-]+)(?::[0-9A-Za-z.]+)?")
_IMAGE = re.compile(
    r"(?:(?P<registry>mcr\.microsoft\.com/(?:vscode/)?devcontainers|docker\.io/library|docker\.io)/)?"
    r"(?P<family>[a-z0-9._-]+)(?::(?P<tag>[A-Za-z0-9._-]+))?(?:@sha256:[0-9a-f]{64})?"
)
# Tags of Microsoft's images may begin with the version of the image itself: `1-20-bookworm`.
_DEVCONTAINER_TAG = re.compile(r"(?:(?:dev-)?[0-9.]+-)?(?P<version>[0-9][0-9.]*)(?:-.*)?")
_TAG = re.compile(r"(?P<version>[0-9][0-9.]*)(?:-.*)?")
_ANY_VERSION = ("", "latest", "lts", "stable", "os-provided", "system")
_EXACT = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}")
_JAVA = ("21", "25")
"""The lines that Debian 13 has, the image of a project that names none."""


@dataclass(frozen=True)
class Tool:
    """A profile that does the work of an image or a feature."""

    profile: str
    options: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What of it was not taken over, and why."""


def tool_of_image(image: str) -> Tool | None:
    """Return what `image` is for, None if unknown; the profile "" stands for a bare system."""
    found = _IMAGE.fullmatch(image)
    if found is None:
        return None
    is_devcontainer = (found["registry"] or "").startswith("mcr.")
    profiles = _DEVCONTAINER_IMAGES if is_devcontainer else _OFFICIAL_IMAGES
    if found["family"] not in profiles:
        return None
    pattern = _DEVCONTAINER_TAG if is_devcontainer else _TAG
    version = pattern.fullmatch(found["tag"] or "")
    profile = profiles[found["family"]]
    return with_version(profile, version["version"] if version else "")


def tool_of_feature(feature: str, options: Mapping[str, object]) -> Tool | None:
    """Return the profile for a feature of the devcontainers project, or None if there is none."""
    found = _FEATURE.fullmatch(feature)
    if found is None or found[1] not in _FEATURES:
        return None
    profile = _FEATURES[found[1]]
    version = str(options.get("version", ""))
    tool = with_version(profile, version)
    notes = [*tool.notes, *_FEATURE_NOTES.get(found[1], ())]
    notes += [
        f"its option `{option[:40]}`: the profile has options of its own"
        for option in options
        if option != "version"
    ]
    return Tool(profile, tool.options, tuple(notes))


def with_version(profile: str, version: str) -> Tool:
    """Return `profile` at `version` where an option can say so, else with a note."""
    if not profile or version in _ANY_VERSION:
        return Tool(profile)
    read = _VERSIONS.get(profile)
    options = read(version) if read else None
    if options is not None:
        return Tool(profile, options)
    why = _WHY_NO_VERSION.get(profile, "the profile has one of its own")
    return Tool(profile, notes=(f"version {version[:40]}: {why}",))


def _exact(version: str, **options: object) -> Mapping[str, object] | None:
    return {**options, "version": version} if _EXACT.fullmatch(version) else None


_VERSIONS: Mapping[str, Callable[[str], Mapping[str, object] | None]] = {
    "python": lambda version: _exact(version, source="uv"),
    "rust": _exact,
    "java": lambda version: {"version": int(version)} if version in _JAVA else None,
}
_NEEDS_CHECKSUM = "set `version` with its `sha256` if the profile's own will not do"
_WHY_NO_VERSION = {
    "node": _NEEDS_CHECKSUM,
    "go": _NEEDS_CHECKSUM,
    "python": "uv gets what the repo asks for; an exact one can be set as `version`",
    "rust": "only an exact version can be set",
    "java": "Debian 13 has 21 and 25",
}
_FEATURES = {
    "node": "node",
    "python": "python",
    "go": "go",
    "rust": "rust",
    "java": "java",
    "docker-in-docker": "docker",
    "docker-outside-of-docker": "docker",
    "github-cli": "gh",
    "git": "git",
    "common-utils": "",
}
_FEATURE_NOTES = {
    "docker-outside-of-docker": ("your computer's Docker: the machine has its own",),
}
_DEVCONTAINER_IMAGES = {
    "javascript-node": "node",
    "typescript-node": "node",
    "python": "python",
    "go": "go",
    "rust": "rust",
    "java": "java",
    "base": "",
}
_OFFICIAL_IMAGES = {
    "node": "node",
    "python": "python",
    "golang": "go",
    "rust": "rust",
    "eclipse-temurin": "java",
    "debian": "",
    "ubuntu": "",
    "buildpack-deps": "",
}
