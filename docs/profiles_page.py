"""Writes docs/profiles.md from the profiles' own docstrings and options: `inv docs`."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import msgspec

from profiles.catalogue import BUILT_IN
from profiles.profile import Profile

PAGE = Path(__file__).with_name("profiles.md")

_HEAD = """\
# Profiles

Made from the profiles themselves by `inv docs`; edit those, not this page.

A profile is a named set of steps. A project names the ones it wants in `profiles`; `base` is in
every machine, and `repos` in every machine whose project has repos. What a profile requires comes
with it, before it. Options stand in a project file under `[options.NAME]`, or under `profiles:` in
the `invoke.yaml` beside a `tasks.py`, which is weaker. Each profile has three verbs:
`inv NAME.install`, `inv NAME.plan` and `inv NAME.verify`. How to write one of your own is in the
[manual](manual.md#a-profile-of-your-own).
"""


def page() -> str:
    """Return the whole page as Markdown."""
    return "\n".join([_HEAD, *map(_section, BUILT_IN)])


def _section(name: str) -> str:
    module = import_module(f"profiles.{name}")
    profile: Profile = getattr(module, name)
    parts = [f"## {name}", profile.summary]
    if profile.requires:
        parts.append(f"Requires: {', '.join(f'`{required}`' for required in profile.requires)}.")
    # The module's first paragraph says what the summary says.
    parts += [part for part in (inspect.getdoc(module) or "").partition("\n\n")[2:] if part]
    parts.append("\n".join(_options(profile)) or "No options.")
    return "\n\n".join(parts) + "\n"


def _options(profile: Profile) -> Iterator[str]:
    if profile.options_type is None:
        return
    yield "| option | default | |"
    yield "|---|---|---|"
    meanings = _field_docs(profile.options_type)
    for option, default in msgspec.to_builtins(profile.options_type()).items():
        yield f"| `{option}` | `{json.dumps(default)}` | {meanings[option]} |"


def _field_docs(options: type) -> dict[str, str]:
    """Return the docstring below each field; Python itself keeps none of them."""
    found = {}
    lines = list(ast.iter_child_nodes(ast.parse(inspect.getsource(options)).body[0]))
    for field, after in pairwise(lines):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            match after:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    found[field.target.id] = " ".join(text.split())
    return found


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.name}\n")


if __name__ == "__main__":
    main()
