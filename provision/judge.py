"""From what was attempted and what the last probe saw to one result a step. Pure."""

from __future__ import annotations

from .attempts import Attempts
from .dependants import Dependants
from .plan import Plan
from .probe import Answer
from .report import StepResult
from .step import Change, Step

SHOWN_STATE = 2000


def judge(
    dependants: Dependants, answer: Answer, wanted: Plan, attempts: Attempts, *, is_dry: bool
) -> tuple[StepResult, ...]:
    """Return each step's result, `wanted` being what the last probe still found to differ."""
    results = []
    for step in dependants.steps:
        change = wanted.changes.get(step.id)
        if step.id in attempts.failures:
            reason = attempts.failures[step.id]
            results.append(StepResult(step.id, "failed", reason, attempts.output(step.id)))
        elif change is None:
            tried = attempts.changes.get(step.id)
            results.append(
                StepResult(step.id, "changed", tried.summary)
                if tried
                else StepResult(step.id, "ok")
            )
        elif is_dry:
            may_pass = bool(wanted.actions) and answer.states.get(step.id) is not None
            results.append(_in_dry_run(step, change, may_pass=may_pass))
        else:
            cause = dependants.cause(step, attempts.failures)
            results.append(_still_differing(step, change, answer, attempts, cause))
    return tuple(results)


def _in_dry_run(step: Step, change: Change, *, may_pass: bool) -> StepResult:
    # Changes may make a failing check pass: only the proof can tell.
    if change.script or may_pass:
        return StepResult(step.id, "would change", change.summary, change.diff)
    return StepResult(step.id, "failed", change.summary, change.diff)


def _still_differing(
    step: Step, change: Change, answer: Answer, attempts: Attempts, cause: str
) -> StepResult:
    tried = attempts.changes.get(step.id)
    if tried is not None and not tried.is_provable:
        return StepResult(step.id, "changed", tried.summary)
    if tried is not None:
        seen = (answer.states.get(step.id) or "")[:SHOWN_STATE]
        output = attempts.output(step.id)
        detail = f"{output}\nstate afterwards: {seen or '(nothing)'}".lstrip("\n")
        return StepResult(step.id, "failed", f"{tried.summary}: did not converge", detail)
    if cause:
        return StepResult(step.id, "skipped", f"`{cause}` failed")
    if change.script:
        return StepResult(step.id, "failed", f"still differs: {change.summary}", change.diff)
    return StepResult(step.id, "failed", change.summary, change.diff)
