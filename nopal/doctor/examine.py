"""Looks through checks, mends what is safe to mend, and words the outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from guard.errors import GuardError
from lima.errors import LimaError
from provision.errors import ConvergeError

from ..errors import ProjectError
from ..machine_errors import MachineError
from ..screen import printable
from ..state import StateError
from .finding import Check, Finding, Subject

_KNOWN = (OSError, ConvergeError, GuardError, LimaError, MachineError, ProjectError, StateError)


@dataclass(frozen=True)
class Result:
    """How one check came out."""

    about: str
    """This computer, or a machine's name."""
    check: str
    finding: Finding
    is_mended: bool = False
    """Whether it was wrong, and `--fix` put it right."""


def examine(subjects: Iterable[Subject], *, mends: bool = False) -> Iterator[Result]:
    """Yield how each check comes out, one after another; with `mends`, after what can be mended."""
    for subject in subjects:
        for check in subject.checks:
            finding = _looked(check)
            if mends and not finding.ok and finding.mend is not None:
                yield _mended(subject, check, finding)
            else:
                yield Result(subject.title, check.name, finding)


def as_lines(result: Result) -> Iterator[str]:
    """Yield what a person reads of one result: a line, and the fix below it."""
    mark = "mended" if result.is_mended else "ok" if result.finding.ok else "wrong"
    yield f"{mark:<6}  {result.check}: {printable(result.finding.says)}"
    if not result.finding.ok and result.finding.fix:
        for number, line in enumerate(result.finding.fix.splitlines()):
            yield f"{'':<6}  {'  ' if number else '→ '}{printable(line)}"


def as_data(results: Sequence[Result]) -> list[dict[str, object]]:
    """Return the results for `--json`."""
    return [
        {
            "about": result.about,
            "check": result.check,
            "ok": result.finding.ok,
            "says": printable(result.finding.says),
            "fix": result.finding.fix,
            "can_fix": result.finding.mend is not None,
            "mended": result.is_mended,
        }
        for result in results
    ]


def _looked(check: Check) -> Finding:
    try:
        return check.look()
    except _KNOWN as error:
        says, _, fix = str(error).partition("\n")
        return Finding(False, says, fix)


def _mended(subject: Subject, check: Check, finding: Finding) -> Result:
    if finding.mend is not None:
        try:
            finding.mend()
        except _KNOWN as error:
            says = f"{finding.says}; mending failed: {error}".replace("\n", " ")
            return Result(subject.title, check.name, Finding(False, says, finding.fix))
    after = _looked(check)
    return Result(subject.title, check.name, after, is_mended=after.ok)
