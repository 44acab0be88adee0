"""Unit files of systemd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..facts import Facts
from ..step import Change, Step
from .file import File
from .service import UNIT_NAME

_RELOAD = "systemctl daemon-reload"


@dataclass(frozen=True)
class Unit(Step):
    """A unit file in /etc/systemd/system, or a drop-in such as `docker.service.d/nopal.conf`.

    State: as of `File`. systemd reads its files anew once, after all units of the run. Starting it
    is a `Service`'s business.
    """

    kind = "unit"

    unit: str
    content: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no name of a unit file."""
        parts = self.unit.split("/")
        is_name = all(UNIT_NAME.fullmatch(part) and part not in {".", ".."} for part in parts)
        if len(parts) > 2 or not is_name:  # noqa: PLR2004
            message = f"no name of a unit file: {self.unit!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The unit file's name."""
        return self.unit

    @cached_property
    def file(self) -> File:
        """The file that holds the unit."""
        return File(f"/etc/systemd/system/{self.unit}", self.content)

    def probe(self) -> str:
        """Look at the unit file."""
        return self.file.probe()

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Write the unit file and let systemd read it."""
        change = self.file.plan(state, facts)
        if change is None or not change.script:
            return change
        return replace(change, script=f"{change.script}\n{_RELOAD}")

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Look at all unit files with one `stat` and one `sha256sum`."""
        return File.batch_probe([step.file for step in steps if isinstance(step, Unit)])

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each file's part of the look."""
        return File.batch_states(steps, output)

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change | None:
        """Write all unit files, then let systemd read them once."""
        del steps
        if any(not change.script for change in changes):
            return None
        writes = [
            f"(\nset -e\n{change.script.removesuffix(_RELOAD).rstrip()}\n)" for change in changes
        ]
        return Change(
            "; ".join(change.summary for change in changes),
            "\n".join([*writes, _RELOAD]),
            "".join(change.diff for change in changes),
        )
