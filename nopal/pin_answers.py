"""Reads what registries answer. Pure, and strict: an answer may be anybody's.

Each function raises ValueError, LookupError or TypeError for what is not in its form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_DIGEST = re.compile(r"[0-9a-f]{64}")
# Go's own releases, one a system, are such versions of the module golang.org/toolchain.
_GO_ITSELF = re.compile(r"^v0\.0\.1-go|\.linux-amd64$")


def npm(text: str) -> list[str]:
    """Return the versions in the answer of `npm view`, which is one text or a list of them."""
    answer = json.loads(text)
    return _texts(answer if isinstance(answer, list) else [answer])


def go(text: str) -> list[str]:
    """Return the versions in the answer of `go list -m -versions -json`."""
    versions = _texts(_object(json.loads(text)).get("Versions", []))
    return [_GO_ITSELF.sub("", version) for version in versions]


def pip(text: str) -> list[str]:
    """Return the versions in the answer of `pip index versions`."""
    (line,) = re.findall(r"^Available versions: (.+)$", text, re.MULTILINE)
    return [version.strip() for version in line.split(",")]


def cargo(text: str) -> list[str]:
    """Return the versions in the answer of `cargo info`: the one that suits this host, the last."""
    (found,) = re.findall(r"^version: (\S+)(?: \(latest ([^\s)]+).*\))?$", text, re.MULTILINE)
    return [version for version in found if version]


def github(text: str) -> list[str]:
    """Return the versions in GitHub's list of releases: the numbers at the end of their tags."""
    releases = map(_object, _list(json.loads(text)))
    tags = [str(each["tag_name"]) for each in releases if _is_final(each)]
    return [found[1] for tag in tags if (found := re.fullmatch(r"[^0-9]*([0-9][0-9.]*)", tag))]


def node(text: str) -> list[str]:
    """Return the long-term versions in nodejs.org's index."""
    releases = map(_object, _list(json.loads(text)))
    return [str(each["version"]) for each in releases if each["lts"]]


def github_checksums(text: str, urls: Mapping[str, str]) -> dict[str, str]:
    """Return by machine the digests that GitHub keeps of the files at `urls`, where it has any."""
    assets = {}
    for each in map(_object, _list(_object(json.loads(text))["assets"])):
        kind, _, digest = str(each.get("digest")).partition(":")
        if kind == "sha256":
            assets[str(each["browser_download_url"])] = digest
    return {machine: _digest(assets[url]) for machine, url in urls.items() if url in assets}


def go_checksums(text: str, urls: Mapping[str, str]) -> dict[str, str]:
    """Return by machine the digests in go.dev's list of downloads, of the files at `urls`."""
    found = {}
    for release in map(_object, _list(json.loads(text))):
        for each in map(_object, _list(release["files"])):
            found[str(each["filename"])] = str(each["sha256"])
    return _by_file_name(found, urls)


def sums(text: str, urls: Mapping[str, str]) -> dict[str, str]:
    """Return by machine the digests in a list as `sha256sum` makes it, of the files at `urls`."""
    pairs = [line.split() for line in text.splitlines() if line.strip()]
    found = {name.removeprefix("*"): digest for digest, name in pairs}
    return _by_file_name(found, urls)


def pip_checksum(text: str) -> str:
    """Return the digest of the one file in the report of `pip install --dry-run`."""
    (install,) = _list(_object(json.loads(text))["install"])
    return _digest(str(install["download_info"]["archive_info"]["hashes"]["sha256"]))


def _is_final(release: Mapping[str, Any]) -> bool:
    return release["draft"] is False and release["prerelease"] is False


def _by_file_name(digests: Mapping[str, str], urls: Mapping[str, str]) -> dict[str, str]:
    names = {machine: url.rpartition("/")[2] for machine, url in urls.items()}
    return {machine: _digest(digests[name]) for machine, name in names.items() if name in digests}


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        message = f"no SHA-256: {text[:80]!r}"
        raise ValueError(message)
    return text


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _texts(value: object) -> list[str]:
    if not all(isinstance(each, str) for each in _list(value)):
        raise TypeError
    return _list(value)
