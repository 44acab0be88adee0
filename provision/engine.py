"""Converge: probe, plan, apply, prove. Knows no step kind and no transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from .apply import ApplyReader, agent_script, apply_script
from .attempts import ENDED_EARLY, Attempts
from .errors import GuestUnreachable, StepFailed
from .facts import Facts
from .framing import Framing
from .judge import judge
from .plan import Action, declare, plan, segments
from .probe import Answer, Probe, group_steps
from .report import Report, StepResult
from .step import Step
from .transcript import Log, Subject, about_actions, about_groups, keep
from .transport import Transport


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
    log: Log | None = None,
    max_rounds: int = 2,
) -> Outcome:
    """Bring the guest to the state of `steps`, and prove it.

    Nothing but one exec happens when all is as it should be, or with `dry_run`. A step that fails
    is a result, not an exception; it stops the rest, which are skipped, unless `keep_going`. `log`
    gets everything the guest said, but for the states of steps that keep theirs out of it.

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
            if not wanted.actions or run.attempts.stopped_by:
                break
            run.apply(wanted.actions, answer.facts)
            answer = run.probe("proof")
            tried = run.attempts.changes
            wanted = plan(run.steps, answer.states, answer.facts, attempted=tried)
    results = judge(run.steps, answer, wanted, run.attempts, is_dry=dry_run)
    return Outcome(answer.facts, tuple(run.tell(result) for result in results), run.execs)


@dataclass
class _Converge:
    """One converge under way: what was sent and told so far."""

    transport: Transport
    steps: tuple[Step, ...]
    report: Report
    log: Log | None
    keep_going: bool
    execs: int = 0
    attempts: Attempts = field(default_factory=Attempts)
    told: set[str] = field(default_factory=set)

    def probe(self, title: str) -> Answer:
        """Ask for all states in one exec."""
        probe = Probe(self.steps)
        lines: list[str] = []
        subjects = about_groups(group_steps(self.steps)) if self.log else ()
        self._run(title, probe.script(), probe.framing, lines.append, subjects)
        return probe.read(lines)

    def apply(self, actions: Sequence[Action], facts: Facts) -> None:
        """Apply `actions`; those that need the agent in execs of their own."""
        for segment in segments(actions):
            self._apply_segment(segment, facts)
            tried = [s for a in segment for s in a.steps if s.id in self.attempts.changes]
            if any(step.needs_new_login for step in tried):
                self.transport.reconnect()

    def tell(self, result: StepResult) -> StepResult:
        """Report a result, once, with the time its change took."""
        took_s = self.attempts.took_s.get(result.id)
        timed = result if took_s is None else replace(result, took_s=took_s)
        if result.id not in self.told:
            self.told.add(result.id)
            self.report.step_ends(timed)
        return timed

    def _apply_segment(self, segment: Sequence[Action], facts: Facts) -> None:
        queue = list(segment)
        while queue and not self.attempts.stopped_by:
            statuses = self._exec(queue, facts, keep_going=self.keep_going)
            pairs = list(zip(queue, statuses, strict=True))
            for action, status in pairs:
                if status and len(action.steps) == 1:
                    self._fail(action, status)
            # Something in a joint change is at fault: one by one shows what, and does the others.
            joint = [a for a, status in pairs if status and len(a.steps) > 1]
            parts = [part for action in joint for part in action.split()]
            if not parts:
                return
            statuses = self._exec(parts, facts, keep_going=True)
            for action, status in zip(parts, statuses, strict=True):
                if status:
                    self._fail(action, status)
            queue = [action for action, status in pairs if status is None]

    def _exec(
        self, actions: Sequence[Action], facts: Facts, *, keep_going: bool
    ) -> list[int | None]:
        """Apply `actions` in one exec; return their exit statuses, None where not begun."""
        framing = Framing()
        statuses: list[int | None] = [None] * len(actions)
        needs_agent = actions[0].needs_agent
        if needs_agent:
            script = agent_script(actions, framing)
        else:
            script = apply_script(actions, facts, framing, keep_going=keep_going)

        def begins(index: int) -> None:
            self.attempts.begin(actions[index])
            self.report.step_begins(actions[index].steps[0].id, actions[index].change.summary)

        def says(index: int, line: str) -> None:
            # A progress bar rewrites its line; only its last form is of interest.
            text = next((part for part in reversed(line.split("\r")) if part), "")
            self.attempts.say(actions[index], text)
            self.report.step_says(actions[index].steps[0].id, text)

        def ends(index: int, status: int) -> None:
            statuses[index] = status
            self.attempts.end(actions[index])

        reader = ApplyReader(framing, begins, says, ends)
        try:
            subjects = about_actions(actions)
            self._run("apply", script, framing, reader.line, subjects, forward_agent=needs_agent)
        except GuestUnreachable as error:
            running = [actions[index].steps[0].id for index in reader.running]
            raise GuestUnreachable(error.address, error.reason, *running[:1]) from error
        if not reader.is_done:
            # The shell went away: what was running failed, or what would have come first.
            if not reader.running and None in statuses:
                reader.running = [statuses.index(None)]
                begins(reader.running[0])
            for index in reader.running:
                self.attempts.say(actions[index], *reader.outside)
                ends(index, ENDED_EARLY)
        return statuses

    def _fail(self, action: Action, status: int) -> None:
        self.attempts.fail(action, status, stops=not self.keep_going)
        for step in action.steps:
            reason = self.attempts.failures[step.id]
            self.tell(StepResult(step.id, "failed", reason, self.attempts.output(step.id)))

    def _run(
        self,
        title: str,
        script: str,
        framing: Framing,
        on_line: Callable[[str], None],
        subjects: Sequence[Subject],
        *,
        forward_agent: bool = False,
    ) -> None:
        self.execs += 1
        write = keep(self.log, title, framing, subjects)

        def line(text: str) -> None:
            write(text)
            on_line(text)

        self.transport.run(script, line, forward_agent=forward_agent)
