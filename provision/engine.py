"""Converge: probe, plan, apply, prove. Knows no step kind and no transport."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .dependants import Dependants
from .errors import GuestUnreachable, StepFailed
from .facts import Facts
from .judge import judge
from .plan import declare, plan
from .probe import limit_s
from .report import Report, StepResult
from .session import Session
from .step import Step
from .transcript import Log
from .transport import Transport

if TYPE_CHECKING:
    from .look import Premise


@dataclass(frozen=True)
class Outcome:
    """What a converge found and did."""

    facts: Facts
    results: tuple[StepResult, ...]
    """One for each step, in declared order."""
    execs: int
    """How many commands the guest was sent."""

    @property
    def changed(self) -> tuple[StepResult, ...]:
        """The steps that were changed and proved."""
        return tuple(result for result in self.results if result.status == "changed")

    @property
    def failed(self) -> tuple[StepResult, ...]:
        """The steps that failed."""
        return tuple(result for result in self.results if result.status == "failed")

    @property
    def is_converged(self) -> bool:
        """Whether every step is now as it should be."""
        return all(result.status in {"ok", "changed"} for result in self.results)

    def raise_for_failure(self) -> None:
        """Raise StepFailed when a step failed."""
        if self.failed:
            detail = self.failed[0].detail or self.failed[0].summary
            raise StepFailed(tuple(result.id for result in self.failed), detail)


def converge(
    transport: Transport,
    steps: Iterable[Step],
    report: Report,
    *,
    dry_run: bool = False,
    expects_changes: bool = False,
    keep_going: bool = False,
    requires: Mapping[str, Collection[str]] | None = None,
    log: Log | None = None,
    max_rounds: int = 2,
    sudo_password: str = "",
    probe_limit_s: int | None = None,
    premise: Premise | None = None,
) -> Outcome:
    """Bring the guest to the state of `steps`, and prove it.

    Nothing but one exec happens when all is as it should be, or with `dry_run`, which takes a
    second one where files are to be fetched to show how they would change. Who `expects_changes`
    spares the first exec what would only prove them; without any, that takes a second one. A step
    that fails is a result, not an exception, and the rest is skipped. With `keep_going` only its
    dependants are: for each of its tags that `requires` knows, the later steps of that tag and of
    those that require it. `log` gets everything the guest said, but for the states of steps that
    keep theirs out of it. A step whose probe hangs, as shows when those of its user have taken
    `probe_limit_s` (by default as many as `probe.limit_s` says), has failed; the others are asked
    for once more.

    Raises:
        ContradictingSteps: two steps of one id differ.
        PremiseFailed: the first probe says that `premise` does not hold.
        GuestUnreachable: the guest could not be reached, or the connection was lost twice.
        UnsupportedGuest: it is no Debian or Ubuntu.
        SudoRefused: a step needs root, and sudo refuses or `sudo_password` is wrong.
    """
    declared = declare(steps)
    dependants = Dependants(declared, (requires or {}) if keep_going else None)
    patience_s = limit_s(declared) if probe_limit_s is None else probe_limit_s
    run = Session(transport, dependants, report, log, patience_s, sudo_password)
    first = tuple(s for s in declared if not (expects_changes and s.only_proves)) or declared
    answer = run.probe("probe", (*premise.questions, *first) if premise else first)
    if premise:
        premise.require(answer)
    wanted = plan(first, answer.states, answer.facts, faults=run.faults)
    if not wanted.actions and first != declared:
        answer = run.probe("proof")
        wanted = plan(declared, answer.states, answer.facts, faults=run.faults)
    if dry_run:
        if wanted.changes:
            from .contents import show  # noqa: PLC0415 - mostly there is nothing to show

            wanted = show(wanted, declared, run.probe)
    else:
        rounds = 0
        while (actions := run.may_try(wanted.actions)) and rounds < max_rounds:
            try:
                run.apply(actions, answer.facts)
                answer = run.probe("proof")
                rounds += 1
            except GuestUnreachable as lost:
                run.resume(lost)
                answer = run.probe("probe")
            tried = run.attempts.changes
            wanted = plan(declared, answer.states, answer.facts, attempted=tried, faults=run.faults)
    results = judge(dependants, answer, wanted, run.attempts, is_dry=dry_run)
    return Outcome(answer.facts, tuple(run.tell(result) for result in results), run.execs)
