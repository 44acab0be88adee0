"""The text of a new `.nopal.toml`, or of a new table of the person's own file. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def repo_file(
    name: str,
    *,
    profiles: Sequence[str] = (),
    ports: Sequence[int] = (),
    options: Mapping[str, Mapping[str, object]] | None = None,
) -> str:
    """Return the text; what is empty is left to the defaults."""
    lines = [f"name = {toml(name)}"]
    if profiles:
        lines.append(f"profiles = {toml(list(profiles))}")
    if ports:
        lines.append(f"ports = {toml(list(ports))}")
    for profile, values in (options or {}).items():
        lines += ["", f"[options.{toml_key(profile)}]", *_pairs(values)]
    return "\n".join(lines) + "\n"


def shared_table(name: str, mount: str) -> str:
    """Return the table of a machine for a folder of code, for the person's own file."""
    lines = ('mode = "shared"', f"mounts = {toml([mount])}", 'watch = "events"')
    return "\n".join((f"[projects.{toml_key(name)}]", *lines)) + "\n"


def toml(value: object) -> str:
    """Return a value of TOML: text, a number, a truth value, or a list or table of these."""
    match value:
        case list() | tuple():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return f"{{ {', '.join(_pairs(value))} }}" if value else "{}"
        case _:
            # JSON writes these as TOML does, but for one control character.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(key: str) -> str:
    """Return a key, in quotes where it needs them."""
    return key if _BARE_KEY.fullmatch(key) else toml(key)


def _pairs(values: Mapping[str, object]) -> Iterator[str]:
    return (f"{toml_key(key)} = {toml(value)}" for key, value in values.items())
