"""What the last runs found, kept beside each other so that the page can be written from both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from .machines_page import MachineResults
from .page import page
from .results import Results
from .tools import ROOT

PAGE = ROOT / "docs/performance.md"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Kept:
    """The folder of what was found, and of the peers that are installed to be measured."""

    folder: Path

    @classmethod
    def of_this_user(cls) -> Kept:
        """Return the folder in the person's cache, made where it is missing."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = cache / "nopal/bench"
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def keep(self, found: Results | MachineResults) -> None:
        """Keep `found` in place of what an earlier run found."""
        place = self._file(type(found))
        new = place.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(found))
        new.replace(place)

    def write_page(self) -> None:
        """Write docs/performance.md from what was found, if the converges were measured."""
        results = self._read(Results)
        if results is not None:
            PAGE.write_text(page(results, self._read(MachineResults)))

    def _read(self, kind: type[_T]) -> _T | None:
        try:
            text = self._file(kind).read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(text, type=kind)

    def _file(self, kind: type[object]) -> Path:
        return self.folder / ("machines.json" if kind is MachineResults else "last.json")
