"""Turns values of the right type into what a Project holds, and refuses what types can't."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from .project import ImageChoice, Mount, PortMapping, RepoEntry
from .schema import PortTable, RepoTable

CATALOGUE_IMAGES = ("debian-13", "ubuntu-24.04")

_UNITS = {"MiB": 1024**2, "GiB": 1024**3}
_LOCATED_IMAGE = re.compile(
    r"(?P<location>(?:https://|/|~/)[^#\s]+)#(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
)
_HIGHEST_PORT = 65535
_SSH_PORT = 22
_MOST_PORTS = 1000  # Lima gets a rule for each


@dataclass(eq=False)
class BadValue(Exception):
    """A value has the right type and is wrong all the same."""

    found: str
    allowed: str = ""
    """What would be right; "" leaves it to the key's own description."""
    index: int | None = None
    """Which element of a list it is."""
    nearest: str = ""
    below: tuple[str | int, ...] = ()
    """Where in a table it stands."""


def parse_value(key: str, value: object, *, home: Path) -> object:
    """Return what a Project holds for `key`. Raises BadValue."""
    if key in {"extra_ca", "skills"}:
        return tuple(_expand(path, home) for path in _texts(value))
    if key == "mounts":
        return tuple(_mount(text, home) for text in _texts(value))
    if key == "image":
        return _image(str(value), home)
    parse = _PARSERS.get(key)
    return parse(value) if parse else value


def names_a_location(image: object) -> bool:
    """Tell whether an image is given by path or URL, which only the person may do."""
    return isinstance(image, str) and bool(re.search(r"[/#:~]", image))


def _size(value: str, *, least: str) -> int:
    size, floor = (int(text[:-3]) * _UNITS[text[-3:]] for text in (value, least))
    if size < floor:
        raise BadValue(f'"{value}"', f'at least "{least}"')
    return size


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(value)


def _expand(path: str, home: Path) -> Path:
    if path == "~" or path.startswith("~/"):
        return home / path[2:]
    return Path(path)


def _mount(text: str, home: Path) -> Mount:
    path, _, mode = text.rpartition(":")
    return Mount(_expand(path, home), mode != "ro", mode == "rw,git-ro")


def _image(value: str, home: Path) -> ImageChoice:
    if value in CATALOGUE_IMAGES:
        return ImageChoice(name=value)
    if found := _LOCATED_IMAGE.fullmatch(value):
        location = found["location"]
        expanded = location if "://" in location else str(_expand(location, home))
        return ImageChoice(location=expanded, digest=found["digest"])
    nearest = difflib.get_close_matches(value, CATALOGUE_IMAGES, 1)
    raise BadValue(f'"{value}"', nearest=nearest[0] if nearest else "")


def _repos(value: Sequence[str | RepoTable]) -> tuple[RepoEntry, ...]:
    entries = []
    for index, item in enumerate(value):
        entry = (
            RepoEntry(item)
            if isinstance(item, str)
            else RepoEntry(item.url, item.branch, item.path, item.dependencies)
        )
        if not entry.url.strip():
            raise BadValue("without a URL", "the URL of a git repo", index)
        if entry.path and not _is_plain_folder(entry.path):
            raise BadValue(
                f'to be cloned to "{entry.path}"', "a folder below ~/code, without `..`", index
            )
        entries.append(replace(entry, path=_below_code(entry.path)))
    return tuple(entries)


def _is_plain_folder(path: str) -> bool:
    parts = PurePosixPath(_below_code(path)).parts
    return bool(parts) and not any(part in ("..", "/", "~") or part[0] in "-~" for part in parts)


def _below_code(path: str) -> str:
    """Return `path` relative to ~/code, which may stand in front, without a slash at its end."""
    return str(PurePosixPath(path.removeprefix("~/code/"))) if path else ""


def _ports(value: str | Sequence[int | str | PortTable]) -> object:
    if isinstance(value, str):
        if value not in ("auto", "none"):
            nearest = difflib.get_close_matches(value, ("auto", "none"), 1)
            raise BadValue(f'"{value}"', nearest=nearest[0] if nearest else "")
        return value
    mappings: list[PortMapping] = []
    for index, item in enumerate(value):
        mapping = _port_mapping(item, index)
        taken = [one for one in mappings if _overlap(one.host, mapping.host)]
        if taken:
            raise BadValue(f"a port of the host that `{taken[0]}` has too", "each port once", index)
        mappings.append(mapping)
    count = sum(len(one.pairs) for one in mappings)
    if count > _MOST_PORTS:
        raise BadValue(f"a list of {count} ports", f'at most {_MOST_PORTS}, or "auto"')
    return tuple(mappings)


def _port_mapping(item: int | str | PortTable, index: int) -> PortMapping:
    if not isinstance(item, PortTable):
        ports = _port_range(item, index)
        return PortMapping(ports, ports)
    guest, host = _port_range(item.guest, index), _port_range(item.host, index)
    if guest[1] - guest[0] != host[1] - host[0]:
        raise BadValue("two ranges of different length", "as many host ports as guest ports", index)
    return PortMapping(guest, host)


def _port_range(item: int | str, index: int) -> tuple[int, int]:
    first, _, last = str(item).partition("-")
    ports = int(first), int(last or first)
    if not 1 <= ports[0] <= ports[1] <= _HIGHEST_PORT:
        raise BadValue(f'"{item}"', "ports from 1 to 65535, the lower one first", index)
    if ports[0] <= _SSH_PORT <= ports[1]:
        raise BadValue(f'"{item}"', "a port other than 22, which nopal needs itself", index)
    return ports


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


_PARSERS: Mapping[str, Callable[[Any], object]] = {
    "memory": lambda value: _size(value, least="512MiB"),
    "disk": lambda value: _size(value, least="5GiB"),  # the images have 3 to 4
    "profiles": _texts,
    "allowed_signers": _texts,
    "wants_secrets": _texts,
    "repos": _repos,
    "ports": _ports,
}
