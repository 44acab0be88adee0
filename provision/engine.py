"""Converge: probe, plan, apply, prove. Knows no step kind and no transport."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TextIO

from .apply import ApplyReader, agent_script, apply_script
from .errors import GuestUnreachable, StepFailed
from .facts import Facts
from .framing import Framing
from .judge import Attempts, judge
from .plan import Action, declare, plan, segments
from .probe import Answer, Probe
from .report import Report, StepResult
from .step import Change, Step
from .transport import Transport

KEPT_LINES = 200
"""How much of a change's output a failure shows; the log has all of it."""
ENDED_EARLY = -1


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
    keep_going: bool = False,
    log: TextIO | None = None,
    max_rounds: int = 2,
) -> Outcome:
    """Bring the guest to the state of `steps`, and prove it.

    Nothing but one exec happens when all is as it should be, or with `dry_run`. A step that fails
    is a result, not an exception; it stops the rest, which are skipped, unless `keep_going`. `log`
    gets everything the guest said.

    Raises:
        ContradictingSteps: two steps of one id differ.
        GuestUnreachable: the guest could not be reached or the connection was lost.
        UnsupportedGuest: it is no Debian or Ubuntu, or sudo refuses.
    """
    run = _Converge(transport, declare(steps), report, log, keep_going)
    answer = run.probe("probe")
    wanted = plan(run.steps, answer.states, answer.facts)
    if not dry_run:
        for _ in range(max_rounds):
            if not wanted.actions or run.stopped_by:
                break
            run.apply(wanted.actions, answer.facts)
            answer = run.probe("proof")
            wanted = plan(run.steps, answer.states, answer.facts, attempted=run.attempted)
    results = judge(run.steps, answer, wanted, run.attempts(), is_dry=dry_run)
    for result in results:
        run.tell(result)
    return Outcome(answer.facts, tuple(map(run.timed, results)), run.execs)


@dataclass
class _Converge:
    """One converge under way: what was sent, attempted and told so far."""

    transport: Transport
    steps: tuple[Step, ...]
    report: Report
    log: TextIO | None
    keep_going: bool
    execs: int = 0
    attempted: dict[str, Change] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, deque[str]] = field(default_factory=dict)
    stopped_by: str = ""
    """The failed step because of which the rest is skipped."""
    began: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def probe(self, title: str) -> Answer:
        """Ask for all states in one exec."""
        probe = Probe(self.steps)
        lines: list[str] = []
        self._run(title, probe.script(), probe.framing, lines.append)
        return probe.read(lines)

    def apply(self, actions: Sequence[Action], facts: Facts) -> None:
        """Apply `actions`; those that need the agent in execs of their own."""
        for segment in segments(actions):
            self._apply_segment(segment, facts)
            done = [s for a in segment for s in a.steps if s.id in self.attempted]
            if any(step.needs_new_login for step in done):
                self.transport.reconnect()

    def attempts(self) -> Attempts:
        """Return what is known of the changes that were tried."""
        outputs = {step: "\n".join(lines) for step, lines in self.outputs.items()}
        return Attempts(self.attempted, self.failures, outputs, self.stopped_by)

    def timed(self, result: StepResult) -> StepResult:
        """Return `result` with the time that its change took."""
        return replace(result, took_s=self.took.get(result.id, 0.0))

    def tell(self, result: StepResult) -> None:
        """Report a result, once."""
        if result.id not in self.told:
            self.told.add(result.id)
            self.report.step_ends(self.timed(result))

    def _apply_segment(self, segment: Sequence[Action], facts: Facts) -> None:
        queue = list(segment)
        while queue and not self.stopped_by:
            statuses = self._exec(queue, facts, keep_going=self.keep_going)
            joint: list[Action] = []
            rest: list[Action] = []
            for action, status in zip(queue, statuses, strict=True):
                if status is None:
                    rest.append(action)
                elif status and len(action.steps) > 1:
                    joint += action.split()
                elif status:
                    self._fail(action, status)
            if not joint:
                return
            # Something in a joint change is at fault: one by one shows what, and does the others.
            for action, status in zip(
                joint, self._exec(joint, facts, keep_going=True), strict=True
            ):
                if status:
                    self._fail(action, status)
            queue = rest

    def _exec(
        self, actions: Sequence[Action], facts: Facts, *, keep_going: bool
    ) -> list[int | None]:
        """Apply `actions` in one exec; return their exit statuses, None where not begun."""
        framing = Framing()
        statuses: list[int | None] = [None] * len(actions)
        forward_agent = actions[0].needs_agent
        if forward_agent:
            script = agent_script(actions, framing)
        else:
            script = apply_script(actions, facts, framing, keep_going=keep_going)

        def begins(index: int) -> None:
            action = actions[index]
            for step, part in zip(action.steps, action.parts, strict=True):
                self.attempted[step.id] = part
                self.began[step.id] = time.monotonic()
                self.outputs[step.id] = deque(maxlen=KEPT_LINES)
                self.report.step_begins(step.id, action.change.summary)

        def says(index: int, line: str) -> None:
            # A progress bar rewrites its line; only its last form is of interest.
            text = next((part for part in reversed(line.split("\r")) if part), "")
            for step in actions[index].steps:
                self.outputs[step.id].append(text)
            self.report.step_says(actions[index].steps[0].id, text)

        def ends(index: int, status: int) -> None:
            statuses[index] = status
            for step in actions[index].steps:
                self.took[step.id] = time.monotonic() - self.began[step.id]

        reader = ApplyReader(framing, begins, says, ends)
        try:
            self._run("apply", script, framing, reader.line, forward_agent=forward_agent)
        except GuestUnreachable as error:
            running = actions[reader.running[0]].steps[0].id if reader.running else error.step
            raise GuestUnreachable(error.address, error.reason, running) from error
        if not reader.is_done:
            self._note_early_end(actions, statuses, reader, begins)
        return statuses

    def _note_early_end(
        self,
        actions: Sequence[Action],
        statuses: list[int | None],
        reader: ApplyReader,
        begins: Callable[[int], None],
    ) -> None:
        """Make what was running, or what would have come first, the one that failed."""
        if not reader.running:
            reader.running = [statuses.index(None)] if None in statuses else []
            for index in reader.running:
                begins(index)
        for index in reader.running:
            statuses[index] = ENDED_EARLY
            for step in actions[index].steps:
                self.outputs[step.id].extend(reader.outside)

    def _fail(self, action: Action, status: int) -> None:
        how = "its shell was ended" if status == ENDED_EARLY else f"exit status {status}"
        for step, part in zip(action.steps, action.parts, strict=True):
            self.failures[step.id] = f"{part.summary}: {how}"
            detail = "\n".join(self.outputs[step.id])
            self.tell(StepResult(step.id, "failed", self.failures[step.id], detail))
            if not self.keep_going:
                self.stopped_by = self.stopped_by or step.id

    def _run(
        self,
        title: str,
        script: str,
        framing: Framing,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
    ) -> None:
        self.execs += 1
        log = self.log
        if log is not None:
            log.write(f"# {title}\n")

        def line(text: str) -> None:
            if log is not None:
                log.write(framing.readable(text) + "\n")
            on_line(text)

        self.transport.run(script, line, forward_agent=forward_agent)
