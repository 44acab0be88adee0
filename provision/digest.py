"""Tells whether two declarations of steps ask for the very same, contents included. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass

from .step import Step


def digest(steps: Iterable[Step]) -> str:
    """Return the SHA-256, in hex, of all that `steps` hold.

    Their `repr` would not do: it is what a person is shown, and leaves contents out.
    """
    return hashlib.sha256(repr([_whole(step) for step in steps]).encode()).hexdigest()


def _whole(value: object) -> object:
    """Return `value` in a form whose `repr` has all of it."""
    if is_dataclass(value) and not isinstance(value, type):
        held = [(field.name, _whole(getattr(value, field.name))) for field in fields(value)]
        return type(value).__qualname__, held
    if isinstance(value, Mapping):
        return [(key, _whole(value[key])) for key in value]
    if isinstance(value, (list, tuple)):
        return [_whole(each) for each in value]
    return value
