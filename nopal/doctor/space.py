"""Free space where nopal keeps machines, images and its own files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..sizes import in_words
from .finding import Check, Finding, good

LEAST_FREE = 5 * 1024**3
"""Below it the next image or golden machine does not fit, and running machines may stop writing."""
LEAST_FREE_SHARE = 0.02
"""File systems get slow, and some keep a part for root, when they are nearly full."""


@dataclass(frozen=True)
class Space:
    """A file system: which one it is, and its size in bytes."""

    device: int
    free: int
    total: int


def space_of(path: Path) -> Space:
    """Return the file system that holds `path`, or would: that of the nearest folder there is."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return Space(
        path.stat().st_dev, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    )


def space_checks(
    places: Iterable[Path], measure: Callable[[Path], Space] = space_of
) -> tuple[Check, ...]:
    """Return a check for each file system that one of `places` is on."""
    by_device: dict[int, Path] = {}
    for place in places:
        by_device.setdefault(measure(place).device, place)
    return tuple(
        Check(f"disk of {place}", partial(_space, place, measure)) for place in by_device.values()
    )


def _space(place: Path, measure: Callable[[Path], Space]) -> Finding:
    space = measure(place)
    says = f"{in_words(space.free)} free of {in_words(space.total)}"
    if space.free >= min(LEAST_FREE, space.total // 2) and (
        space.free >= space.total * LEAST_FREE_SHARE
    ):
        return good(says)
    return Finding(False, f"nearly full: {says}", "inv df   # what takes space; then: inv prune")
