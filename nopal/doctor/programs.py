"""The programs that nopal needs on this computer, and their versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from guard.command import Run, run_command
from lima.setup.requirement import Requirement

from .finding import Check, Finding, good

_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.-]*")


def program_checks(
    requirements: Sequence[Requirement],
    driver_version: Callable[[], str],
    programs: Sequence[Sequence[str]],
    environ: Mapping[str, str],
    run: Run = run_command,
) -> tuple[Check, ...]:
    """Return a check for each of `requirements`, for what runs machines, and for `programs`.

    A program is its command with the flag by which it tells its version.
    """
    return (
        *(Check(one.name, partial(_requirement, one)) for one in requirements),
        Check("driver", lambda: good(driver_version())),
        *(Check(words[0], partial(_program, words, environ, run)) for words in programs),
    )


def _requirement(one: Requirement) -> Finding:
    if one.is_met():
        return good("there")
    return Finding(False, f"missing or not usable; it {one.why}", f"inv setup   # {one.command}")


def _program(words: Sequence[str], environ: Mapping[str, str], run: Run) -> Finding:
    name = words[0]
    done = run(words, environ)
    if done.is_missing:
        return Finding(False, "not found on PATH", f"install {name}")
    if done.status != 0:
        return Finding(False, f"`{' '.join(words)}` ended with {done.status}", f"reinstall {name}")
    # ssh tells its version on stderr.
    said = (done.stdout or done.stderr).strip().partition("\n")[0]
    found = _VERSION.search(said)
    return good(found[0] if found else said)
