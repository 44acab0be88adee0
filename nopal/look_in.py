"""One look into a running machine: questions, and how its steps stand, in one exec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.errors import ConvergeError
from provision.look import Premise, Question, look
from provision.report import SilentReport
from provision.step import Step
from provision.transport.openssh import OpenSshTransport, is_master_alive

from .over_master import ANSWERS_WITHIN_S

if TYPE_CHECKING:
    from provision.engine import Outcome
    from provision.facts import Facts
    from provision.transport import Transport

    from .machine import Machine


@dataclass(frozen=True)
class Seen:
    """What a look saw."""

    facts: Facts
    answers: Mapping[str, str | None]
    """By what each question is about."""
    outcome: Outcome | None = None
    """How the steps stand; None where none were asked about."""


def look_in(machine: Machine, questions: Sequence[Question], steps: Sequence[Step] = ()) -> Seen:
    """Ask the running `machine`: over the master that is open already, else by a login.

    Steps that seem wrong over a master are looked at by a login, whose groups are of today.

    Raises:
        MachineError, ConvergeError, LimaError: it does not run, or does not answer.
    """
    state = machine.states.read(machine.name)
    if state.ssh is not None and state.pinned:
        address = machine.way_in.address(state)
        if is_master_alive(address.control_path):
            over_master = OpenSshTransport(address, answers_within_s=ANSWERS_WITHIN_S)
            try:
                seen = ask(over_master, questions, steps)
            except ConvergeError as error:
                machine.reporter.log(f"its open connection is of no use: {error}")
            else:
                if seen.outcome is None or seen.outcome.is_converged:
                    return seen
    _state, transport = machine.reach()
    try:
        return ask(transport, questions, steps)
    finally:
        transport.close()


def ask(transport: Transport, questions: Sequence[Question], steps: Sequence[Step] = ()) -> Seen:
    """Ask over `transport`; nothing is changed. Raises ConvergeError."""
    if not steps:
        return Seen(*look(transport, questions))
    from provision.engine import converge  # noqa: PLC0415 - not needed for questions alone

    told: dict[str, str | None] = {}

    def keep(_facts: Facts, answers: Mapping[str, str | None]) -> bool:
        told.update(answers)
        return True

    premise = Premise(tuple(questions), keep)
    outcome = converge(transport, steps, SilentReport(), dry_run=True, premise=premise)
    return Seen(outcome.facts, told, outcome)
