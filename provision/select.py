"""Chooses among steps by what a person names: a profile, tags, step ids. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from .errors import ConvergeError
from .step import Step


@dataclass(eq=False)
class NothingSelected(ConvergeError):
    """A selection names something that no step has, or leaves no step over."""

    what: str
    """`profile`, `tag` or `step`; empty when each name is right but no step has them all."""
    name: str
    nearest: str = ""
    exit_status: ClassVar[int] = 2

    def __str__(self) -> str:
        if not self.what:
            return f"No step is all of {self.name}.\nName fewer of them."
        hint = f"\nDid you mean `{self.nearest}`?" if self.nearest else ""
        whose = "is" if self.what == "step" else f"is of the {self.what}"
        return f"No step {whose} `{self.name}`.{hint}"


@dataclass(frozen=True)
class Selection:
    """What a person asked for; a step has to meet every part that is not empty."""

    only: str = ""
    """A profile's name; profiles tag their steps with it."""
    tags: tuple[str, ...] = ()
    """A step needs one of them."""
    limit: tuple[str, ...] = ()
    """Step ids."""

    @property
    def is_everything(self) -> bool:
        """Whether nothing is asked for, so that every step counts."""
        return not (self.only or self.tags or self.limit)

    def of(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """Return the steps that are meant, in their order.

        Raises:
            NothingSelected: a name is not among the steps', or no step has all that is asked for.
        """
        tags = {tag: None for step in steps for tag in step.tags}
        if self.only:
            _known("profile", [self.only], tags)
        _known("tag", self.tags, tags)
        _known("step", self.limit, {step.id: None for step in steps})
        chosen = tuple(step for step in steps if self._takes(step))
        if not chosen and not self.is_everything:
            asked = [f"`{name}`" for name in (self.only, *self.tags, *self.limit) if name]
            raise NothingSelected("", ", ".join(asked))
        return chosen

    def _takes(self, step: Step) -> bool:
        return (
            (not self.only or self.only in step.tags)
            and (not self.tags or not set(self.tags).isdisjoint(step.tags))
            and (not self.limit or step.id in self.limit)
        )


def _known(what: str, names: Sequence[str], known: dict[str, None]) -> None:
    for name in names:
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        # A name without its kind, such as `curl`, is near to `apt:curl` by its end alone.
        near = near or [found for found in known if found.partition(":")[2] == name][:1]
        raise NothingSelected(what, name, near[0] if near else "")
