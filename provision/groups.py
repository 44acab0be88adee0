"""Which steps are probed by one piece of shell, and the reading of what it prints. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .step import RunAs, Step


@dataclass(frozen=True)
class Group:
    """Steps that one piece of shell probes."""

    steps: tuple[Step, ...]
    script: str
    is_batch: bool

    @property
    def run_as(self) -> RunAs:
        """Who probes them."""
        return self.steps[0].run_as

    def read(self, output: str | None) -> Sequence[str | None]:
        """Return each step's state; None where the answer is missing or makes no sense."""
        if output is None or not self.is_batch:
            return (output,) * len(self.steps)
        try:
            states = type(self.steps[0]).batch_states(self.steps, output)
        except (ValueError, LookupError):
            return (None,) * len(self.steps)
        return states if len(states) == len(self.steps) else (None,) * len(self.steps)


def group_steps(steps: Sequence[Step], alone: Collection[str] = ()) -> tuple[Group, ...]:
    """Return `steps` by what probes them: many of one kind and user at once where the kind can.

    Those whose ids are in `alone` are each probed by themselves.
    """
    kinds: dict[tuple[type[Step], RunAs, str], list[Step]] = {}
    for step in steps:
        kinds.setdefault((type(step), step.run_as, step.id if step.id in alone else ""), []).append(
            step
        )
    groups: list[Group] = []
    for (kind, _, _), members in kinds.items():
        script = kind.batch_probe(members) if len(members) > 1 else None
        if script is None:
            groups += [Group((step,), step.probe(), is_batch=False) for step in members]
        else:
            groups.append(Group(tuple(members), script, is_batch=True))
    return tuple(groups)
