"""JSON Schemas of the project files, for editors."""

from __future__ import annotations

from typing import Any

import msgspec

from .schema import PersonFile, RepoFile


def for_person() -> dict[str, Any]:
    """Return the schema of the person's projects.toml."""
    return _schema(PersonFile, "nopal: your projects")


def for_repo() -> dict[str, Any]:
    """Return the schema of a repo's .nopal.toml."""
    return _schema(RepoFile, "nopal: the project of this repo")


def _schema(keys: type[msgspec.Struct], title: str) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **msgspec.json.schema(keys),
    }
