"""Puts layers of settings over each other, weakest first; values keep their origin. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .project import LayerName, Origin


@dataclass(frozen=True)
class Setting:
    """One value, ready for a Project, and where it was set."""

    value: object
    origin: Origin
    elements: tuple[Origin, ...] = ()
    """Where each element of a list stands."""


@dataclass(frozen=True)
class Layer:
    """What one source says, by dotted key: `cpus`, `git.name`, `options.docker.source`."""

    name: LayerName
    settings: Mapping[str, Setting] = field(default_factory=dict)


def merge(layers: Iterable[Layer]) -> dict[str, Setting]:
    """Return the strongest setting of each key. A list replaces a weaker list as a whole."""
    merged: dict[str, Setting] = {}
    for layer in layers:
        merged.update(layer.settings)
    return merged


def provenance(settings: Mapping[str, Setting]) -> dict[str, Origin]:
    """Return the origin of each key, and of each element of a list under `key[index]`."""
    origins: dict[str, Origin] = {}
    for key, setting in settings.items():
        origins[key] = setting.origin
        for index, origin in enumerate(setting.elements):
            origins[f"{key}[{index}]"] = origin
    return origins
