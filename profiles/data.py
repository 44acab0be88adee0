"""Texts of this room that are files of their own."""

from __future__ import annotations

from pathlib import Path


def read_data(name: str) -> str:
    """Return the text of the file `name` beside this module."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
