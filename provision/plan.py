"""From steps and states to the actions that make them true. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .errors import ContradictingSteps
from .facts import Facts
from .step import Change, RunAs, Step

FEW = 4
"""Merged changes that are tried one by one when their joint change failed; more are halved."""


@dataclass(frozen=True)
class Action:
    """One change to apply, on behalf of one step or of several merged ones."""

    steps: tuple[Step, ...]
    change: Change
    parts: tuple[Change, ...]
    """What each of `steps` asked for; the change itself when there is only one."""

    @property
    def needs_agent(self) -> bool:
        """Whether it is applied in an exec that carries the SSH agent."""
        return self.steps[0].needs_agent

    @property
    def run_as(self) -> RunAs:
        """Who applies it. Root never meets the agent."""
        return "login" if self.needs_agent else self.steps[0].run_as

    def divide(self) -> tuple[Action, ...]:
        """Return smaller actions that do the same; none when nothing smaller can be done.

        Of a few steps each gets its own, of more there are two halves.
        """
        units: dict[str, list[int]] = {}
        for index, step in enumerate(self.steps):
            units.setdefault(step.shares or step.id, []).append(index)
        groups = list(units.values())
        if len(groups) == 1:
            return ()
        if len(groups) > FEW:
            middle = len(groups) // 2
            halves = (groups[:middle], groups[middle:])
            groups = [[index for group in half for index in group] for half in halves]
        return tuple(action for group in groups for action in self._part(sorted(group)))

    def only(self, is_wanted: Callable[[Step], bool]) -> tuple[Action, ...]:
        """Return actions for those of its steps that are wanted."""
        indices = [index for index, step in enumerate(self.steps) if is_wanted(step)]
        if len(indices) == len(self.steps):
            return (self,)
        return tuple(self._part(indices)) if indices else ()

    def _part(self, indices: Sequence[int]) -> list[Action]:
        steps = [self.steps[index] for index in indices]
        changes = {step.id: self.parts[index] for step, index in zip(steps, indices, strict=True)}
        return _actions(steps, changes)


@dataclass(frozen=True)
class Plan:
    """What is to be done to a guest."""

    changes: Mapping[str, Change]
    """The change by step id, in declared order; steps that are as they should be are absent."""
    actions: tuple[Action, ...]
    """The changes that can be applied, merged and in the order of application."""


def declare(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return `steps` without repetitions, the tags of equal ones united.

    Raises:
        ContradictingSteps: two steps have one id and ask for different things.
    """
    declared: dict[str, Step] = {}
    for step in steps:
        first = declared.setdefault(step.id, step)
        if first is step:
            continue
        fields = _differences(first, step)
        if fields:
            raise ContradictingSteps(step.id, fields, (first.tags, step.tags))
        tags = tuple(dict.fromkeys(first.tags + step.tags))
        declared[step.id] = dataclasses.replace(first, tags=tags)
    return tuple(declared.values())


def plan(
    steps: Sequence[Step],
    states: Mapping[str, str | None],
    facts: Facts,
    *,
    attempted: Collection[str] = (),
    faults: Mapping[str, str] = MappingProxyType({}),
) -> Plan:
    """Return what `steps` need, given their states; no action for those `attempted` before.

    `faults` tells, for steps without a state, why there is none.
    """
    changes: dict[str, Change] = {}
    for step in steps:
        state = states.get(step.id)
        if state is None:
            fault = faults.get(step.id, "its probe gave no usable answer")
            changes[step.id] = Change(f"cannot be looked at: {fault}", "")
            continue
        change = _change(step, state, facts)
        if change is not None:
            changes[step.id] = change
    pending = [
        step
        for step in steps
        if step.id in changes and changes[step.id].script and step.id not in attempted
    ]
    return Plan(changes, _merge(pending, changes))


def segments(actions: Sequence[Action]) -> list[list[Action]]:
    """Return `actions` cut into execs: those that need the agent stay apart from the others."""
    cut: list[list[Action]] = []
    for action in actions:
        if cut and cut[-1][0].needs_agent == action.needs_agent:
            cut[-1].append(action)
        else:
            cut.append([action])
    return cut


def _change(step: Step, state: str, facts: Facts) -> Change | None:
    try:
        return step.plan(state, facts)
    except (ValueError, LookupError) as error:
        # A state that cannot be read must not stop the steps that can.
        return Change(f"cannot be looked at: {error}", "")


def _merge(pending: Sequence[Step], changes: Mapping[str, Change]) -> tuple[Action, ...]:
    groups: list[list[Step]] = []
    open_groups: dict[tuple[type[Step], RunAs, bool], list[Step]] = {}
    for step in pending:
        for key in [key for key in open_groups if step.kind in key[0].merges_after]:
            del open_groups[key]
        key = (type(step), step.run_as, step.needs_agent)
        if key not in open_groups:
            groups.append(open_groups.setdefault(key, []))
        open_groups[key].append(step)
    order = {step.id: position for position, step in enumerate(pending)}
    actions = [action for group in groups for action in _actions(group, changes)]
    return tuple(sorted(actions, key=lambda action: order[action.steps[0].id]))


def _actions(group: Sequence[Step], changes: Mapping[str, Change]) -> list[Action]:
    parts = tuple(changes[step.id] for step in group)
    merged = type(group[0]).merge(group, parts) if len(group) > 1 else None
    if merged is not None:
        return [Action(tuple(group), merged, parts)]
    return [Action((s,), part, (part,)) for s, part in zip(group, parts, strict=True)]


def _differences(first: Step, second: Step) -> tuple[str, ...]:
    if type(first) is not type(second):
        return ("class",)
    names = [field.name for field in dataclasses.fields(first) if field.name != "tags"]
    return tuple(name for name in names if getattr(first, name) != getattr(second, name))
