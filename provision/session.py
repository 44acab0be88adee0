"""What one converge sends to a guest and hears of it; what to send is the engine's affair."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .apply import ApplyReader, agent_script, apply_script, needs_sudo, wait_script
from .attempts import ENDED_EARLY, Attempts
from .bulk import sent_apart
from .dependants import Dependants
from .errors import GuestUnreachable
from .facts import Facts
from .framing import Framing
from .groups import Group
from .plan import Action, segments
from .probe import Answer, Probe
from .report import Report, StepResult
from .step import Step
from .transcript import Log, Subject, about_actions, about_groups, keep
from .transport import Transport

PAUSES_S = (0, 2, 5, 10)
"""How long to wait before each attempt to log in anew: a restarting SSH server takes a while."""
MOST_STUCK = 5
"""How often probes may hang before the other steps are no longer asked for."""
PATIENCE_S = 60
"""When to attempt it no more: a guest that is gone lets each attempt wait for long."""


@dataclass
class Session:
    """A guest in the course of one converge: what was sent to it and told of it so far."""

    transport: Transport
    dependants: Dependants
    report: Report
    log: Log | None
    probe_limit_s: int
    sudo_password: str = field(default="", repr=False)
    execs: int = 0
    attempts: Attempts = field(default_factory=Attempts)
    told: set[str] = field(default_factory=set)
    orphan: int = 0
    """The process that was applying when the connection broke."""
    was_resumed: bool = False
    faults: dict[str, str] = field(default_factory=dict)
    """Why some steps are not asked for any more, by id."""
    alone: set[str] = field(default_factory=set)
    """Steps that are asked for one by one: one of them did not answer."""

    def probe(self, title: str, steps: Sequence[Step] = ()) -> Answer:
        """Ask for all states, or for those of `steps`: in one exec, unless a probe hangs."""
        asked = steps or self.dependants.steps
        for _ in range(MOST_STUCK):
            began = time.monotonic()
            answer = self._ask(title, asked)
            if not answer.stuck:
                return answer
            for group in answer.stuck:
                self._leave_out(group, time.monotonic() - began)
        return self._ask(title, asked)

    def _leave_out(self, group: Group, after_s: float) -> None:
        ids = [step.id for step in group.steps]
        if group.is_batch:
            self.alone.update(ids)
            return
        limit_s = self.probe_limit_s
        fault = (
            "its probe ended the shell that runs all of them"
            if after_s < limit_s
            else f"its probe did not end, though it was given {limit_s} s"
        )
        self.faults[ids[0]] = fault
        self.report.step_says(ids[0], f"{fault}; looking at the other steps without it")

    def _ask(self, title: str, steps: Sequence[Step]) -> Answer:
        secret = self.sudo_password
        probe = Probe(
            [step for step in steps if step.id not in self.faults],
            has_password=bool(secret),
            limit_s=self.probe_limit_s,
            alone=self.alone,
        )
        lines: list[str] = []
        subjects = about_groups(probe.groups) if self.log else ()
        self._run(title, probe.script(), probe.framing, lines.append, subjects, secret=secret)
        return probe.read(lines)

    def may_try(self, actions: Sequence[Action]) -> list[Action]:
        """Return `actions` without the steps that a failed one keeps from being tried."""

        def is_free(step: Step) -> bool:
            return not self.dependants.cause(step, self.attempts.failures)

        return [part for action in actions for part in action.only(is_free)]

    def apply(self, actions: Sequence[Action], facts: Facts) -> None:
        """Apply `actions`; those that need the agent in execs of their own."""
        for segment in segments(actions):
            self._apply_segment(segment, facts)
            tried = [s for a in segment for s in a.steps if s.id in self.attempts.changes]
            if any(step.needs_new_login for step in tried):
                self.transport.reconnect()

    def resume(self, lost: GuestUnreachable) -> None:
        """Log in anew after a connection broke; the first time only.

        Raises:
            GuestUnreachable: it broke before, or the guest cannot be reached any more.
        """
        if self.was_resumed:
            raise lost
        self.was_resumed = True
        if lost.step:
            self.report.step_says(lost.step, f"the connection broke ({lost.reason}): once more")
        began = time.monotonic()
        for pause_s in PAUSES_S:
            if time.monotonic() - began > PATIENCE_S:
                break
            time.sleep(pause_s)
            try:
                self.transport.reconnect()
                if self.orphan:
                    self.execs += 1
                    self.transport.run(wait_script(self.orphan), lambda _line: None)
            except GuestUnreachable:
                continue
            return
        raise lost

    def tell(self, result: StepResult) -> StepResult:
        """Report a result, once, with the time its change took."""
        took_s = self.attempts.took_s.get(result.id)
        timed = result if took_s is None else replace(result, took_s=took_s)
        if result.id not in self.told:
            self.told.add(result.id)
            self.report.step_ends(timed)
        return timed

    def _apply_segment(self, segment: Sequence[Action], facts: Facts) -> None:
        queue = self.may_try(segment)
        while queue:
            # It stops at a failure, for only then is it known whose, and what depends on it.
            statuses = self._exec(queue, facts)
            pairs = list(zip(queue, statuses, strict=True))
            self._search(self._failed(pairs), facts)
            queue = self.may_try([action for action, status in pairs if status is None])

    def _search(self, joint: Sequence[Action], facts: Facts) -> None:
        """Find what is at fault in joint changes that failed, and do the others."""
        while joint:
            parts = [part for action in joint for part in action.divide()]
            statuses = self._exec(parts, facts, tries_all=True)
            joint = self._failed(list(zip(parts, statuses, strict=True)))

    def _failed(self, ended: Sequence[tuple[Action, int | None]]) -> list[Action]:
        """Note what failed; return those that can be divided, and so do not count yet."""
        joint = []
        for action, status in ended:
            if status and action.divide():
                joint.append(action)
            elif status:
                self._fail(action, status)
        return joint

    def _exec(
        self, actions: Sequence[Action], facts: Facts, *, tries_all: bool = False
    ) -> list[int | None]:
        """Apply `actions` in one exec; return their exit statuses, None where not begun."""
        framing = Framing()
        statuses: list[int | None] = [None] * len(actions)
        needs_agent = actions[0].needs_agent
        secret = self.sudo_password if needs_sudo(actions, facts) and not needs_agent else ""

        def script(actions: Sequence[Action]) -> str:
            if needs_agent:
                return agent_script(actions, framing)
            return apply_script(
                actions, facts, framing, tries_all=tries_all, has_password=bool(secret)
            )

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
            with sent_apart(self.transport, actions) as lighter:
                self._run(
                    "apply",
                    script(lighter),
                    framing,
                    reader.line,
                    about_actions(actions),
                    forward_agent=needs_agent,
                    secret=secret,
                    # It holds the contents of files.
                    is_private=True,
                )
        except GuestUnreachable as error:
            running = [actions[index] for index in reader.running]
            for action in running:
                self.attempts.interrupt(action)
            self.orphan = reader.shell
            step = running[0].steps[0].id if running else ""
            raise GuestUnreachable(error.address, error.reason, step) from error
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
        self.attempts.fail(action, status)
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
        secret: str = "",
        is_private: bool = False,
    ) -> None:
        self.execs += 1
        write = keep(self.log, title, framing, subjects)

        def line(text: str) -> None:
            write(text)
            on_line(text)

        self.transport.run(
            script, line, forward_agent=forward_agent, secret=secret, is_private=is_private
        )
