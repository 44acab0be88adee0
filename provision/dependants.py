"""Which steps a failed one keeps from being tried. Pure.

A group is a tag whose steps build on each other in their order, such as a profile's name, and
groups may require groups. What belongs to no group depends on nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .step import Step


@dataclass(frozen=True)
class Dependants:
    """The order of a converge's steps, and what their groups require."""

    steps: Sequence[Step]
    requires: Mapping[str, Collection[str]] | None = None
    """The groups that each group requires directly; None: a failure keeps back all the rest."""

    def cause(self, step: Step, failed: Collection[str]) -> str:
        """Return the id of the step in `failed` that keeps `step` from being tried, or nothing.

        A step of several groups is tried as long as one of them can do without what failed.
        """
        if self.requires is None or not failed:
            return next(iter(failed), "")
        place = self._places[step.id]
        before = [self.steps[i] for i in sorted(self._places[id_] for id_ in failed) if i < place]
        cause = ""
        for group in (tag for tag in step.tags if tag in self.requires):
            needed = self._needed(group, self.requires)
            cause = next((other.id for other in before if needed.intersection(other.tags)), "")
            if not cause:
                return ""
        return cause

    @cached_property
    def _places(self) -> dict[str, int]:
        return {step.id: place for place, step in enumerate(self.steps)}

    def _needed(self, group: str, requires: Mapping[str, Collection[str]]) -> set[str]:
        needed: set[str] = set()
        waiting = [group]
        while waiting:
            each = waiting.pop()
            if each not in needed:
                needed.add(each)
                waiting += requires.get(each, ())
        return needed
