"""The ledger of one converge: which changes were tried, what they said, how they ended."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from .plan import Action
from .step import Change

KEPT_LINES = 200
"""How much of a change's output a failure shows; the log has all of it."""
ENDED_EARLY = -1
"""The status of a change whose shell went away."""


@dataclass
class Attempts:
    """What a converge tried so far, by step id."""

    changes: dict[str, Change] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    """Why, for each step whose change failed."""
    outputs: dict[str, deque[str]] = field(default_factory=dict)
    took_s: dict[str, float] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)

    def begin(self, action: Action) -> None:
        """Note that `action` was started."""
        for step, part in zip(action.steps, action.parts, strict=True):
            self.changes[step.id] = part
            self.outputs[step.id] = deque(maxlen=KEPT_LINES)
            self._began[step.id] = time.monotonic()

    def say(self, action: Action, *lines: str) -> None:
        """Note what `action` printed."""
        for step in action.steps:
            self.outputs[step.id].extend(lines)

    def end(self, action: Action) -> None:
        """Note that `action` ended, well or not."""
        for step in action.steps:
            self.took_s[step.id] = time.monotonic() - self._began[step.id]

    def interrupt(self, action: Action) -> None:
        """Note that nobody knows how `action` ended: it counts as not tried."""
        for step in action.steps:
            del self.changes[step.id]

    def fail(self, action: Action, status: int) -> None:
        """Note that `action` failed with `status`."""
        how = "its shell was ended" if status == ENDED_EARLY else f"exit status {status}"
        for step, part in zip(action.steps, action.parts, strict=True):
            self.failures[step.id] = f"{part.summary}: {how}"

    def output(self, step_id: str) -> str:
        """Return the last lines that the step's change printed."""
        return "\n".join(self.outputs.get(step_id, ()))
