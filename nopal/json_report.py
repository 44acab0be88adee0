"""A converge as JSON, for programs: one object a line, flushed as it happens.

`{"event": "begins", "machine": …, "step": …, "summary": …}`, `says` (`step`, `line`), `ends`
(`step`, `status`, `summary`, `detail`, `took_s`), `summary` (`steps`, a count for each status,
`execs`, `is_converged`), and `plan` (`changes`) where the verb only plans.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

import msgspec

from provision.report import StepResult

from .report import counts

if TYPE_CHECKING:
    from provision.engine import Outcome


class JsonReport:
    """Hears one machine's converge and writes it to `stream`, which several may share."""

    def __init__(self, machine: str, stream: TextIO) -> None:
        self.machine = machine
        self._stream = stream

    def step_begins(self, step_id: str, summary: str) -> None:
        """See provision.report.Report."""
        self._write("begins", step=step_id, summary=summary)

    def step_says(self, step_id: str, line: str) -> None:
        """See provision.report.Report."""
        self._write("says", step=step_id, line=line)

    def step_ends(self, result: StepResult) -> None:
        """See provision.report.Report."""
        self._write(
            "ends",
            step=result.id,
            status=result.status,
            summary=result.summary,
            detail=result.detail,
            took_s=round(result.took_s, 3),
        )

    def sums_up(self, outcome: Outcome) -> None:
        """Tell how all steps came out."""
        self._write(
            "summary",
            steps=len(outcome.results),
            **counts(outcome),
            execs=outcome.execs,
            is_converged=outcome.is_converged,
        )

    def plan(self, changes: Sequence[str]) -> None:
        """Tell what would be done, one text each."""
        self._write("plan", changes=list(changes))

    def _write(self, event: str, **values: object) -> None:
        line = msgspec.json.encode({"event": event, "machine": self.machine, **values}).decode()
        with _ONE_LINE_AT_A_TIME:
            self._stream.write(line + "\n")
            self._stream.flush()


_ONE_LINE_AT_A_TIME = threading.Lock()
