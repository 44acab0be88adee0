"""What the engine tells while it works, and to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Status = Literal["ok", "changed", "failed", "skipped", "would change"]


@dataclass(frozen=True)
class StepResult:
    """How one step came out."""

    id: str
    status: Status
    summary: str = ""
    """What was or would be done; why, for a failed or skipped step."""
    detail: str = ""
    """The output of a failed step, the diff of one that would change."""
    took_s: float = field(default=0.0, compare=False)
    """How long its change ran; merged changes share one time."""


class Report(Protocol):
    """Receives a converge's events in order."""

    def step_begins(self, step_id: str, summary: str) -> None:
        """Hear that a change starts; one that was merged goes by its first step."""

    def step_says(self, step_id: str, line: str) -> None:
        """Hear what the running change printed."""

    def step_ends(self, result: StepResult) -> None:
        """Hear a step's result, once for each step."""


class SilentReport:
    """A report that keeps quiet, for tests and for callers who only want the outcome."""

    def step_begins(self, step_id: str, summary: str) -> None:
        """Say nothing."""

    def step_says(self, step_id: str, line: str) -> None:
        """Say nothing."""

    def step_ends(self, result: StepResult) -> None:
        """Say nothing."""
