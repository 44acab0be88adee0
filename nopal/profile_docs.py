"""The profiles described from their own docstrings and options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .catalogue import NOPAL

if TYPE_CHECKING:
    from profiles.profile import Profile

    from .catalogue import Catalogue


def as_data(catalogue: Catalogue) -> list[dict[str, object]]:
    """Return name, summary, origin, requirements and options of each profile, for `--json`."""
    return [
        {
            "name": name,
            "summary": profile.summary,
            "from": catalogue.origin(name),
            "requires": list(profile.requires),
            "options": options_of(profile),
        }
        for name, profile in catalogue.items()
    ]


def as_text(catalogue: Catalogue) -> str:
    """Return the same for a person."""
    blocks = []
    for name, profile in catalogue.items():
        needs = f"  (requires {', '.join(profile.requires)})" if profile.requires else ""
        lines = [f"{name}: {profile.summary}{needs}"]
        if (origin := catalogue.origin(name)) != NOPAL:
            lines.append(f"    from {origin}")
        lines += [
            f"    options.{name}.{option} = {in_toml(default)}"
            for option, default in options_of(profile).items()
        ]
        blocks.append("\n".join(lines))
    return "\n".join(blocks)


def in_toml(value: object) -> str:
    """Return a default as a project file would have it."""
    # JSON's texts, numbers, lists and truth values are TOML's too.
    return json.dumps(value, ensure_ascii=False)


def options_of(profile: Profile) -> dict[str, object]:
    """Return the options with their defaults."""
    import msgspec  # noqa: PLC0415 - not needed to list the tasks

    if profile.options_type is None:
        return {}
    defaults: dict[str, object] = msgspec.to_builtins(profile.options_type())
    return defaults
