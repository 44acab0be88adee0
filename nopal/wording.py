"""Words for errors: what was found, and what a key of the schema allows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args, get_origin

import msgspec

_SHOWN = 40


def allowed_text(keys: type[msgspec.Struct], key: str) -> str:
    """Say in words what a key's value may be."""
    hint = type_of(keys, key)
    if choices := choices_of(hint):
        quoted = [f'"{choice}"' for choice in choices]
        return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return next(_descriptions(hint), "text")


def show_toml(value: object) -> str:
    """Show a value of a file in an error: shortened, and on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            shown = value if value.isprintable() else ascii(value)[1:-1]
            return f'"{shown[:_SHOWN]}{"…" if len(shown) > _SHOWN else ""}"'
        case dict():
            return "a table"
        case list():
            return "a list"
        case _:
            return str(value)[:_SHOWN]


@cache
def type_of(keys: type[msgspec.Struct], key: str) -> Any:
    """Return the type that a key's value must have."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(keys)}
    return types[key]


def _descriptions(hint: Any) -> Iterator[str]:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.description:
            yield meta.description
    for inner in get_args(hint):
        yield from _descriptions(inner)


def choices_of(hint: Any) -> tuple[str, ...]:
    """Return the words among which a type lets one choose, if it is such a type."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next((found for inner in get_args(hint) if (found := choices_of(inner))), ())
