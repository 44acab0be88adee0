"""When the steps of a machine were last run, and how that came out, as nopal's log has it."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TIME = re.compile(r"--- (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_OUTCOME = re.compile(r"(?:\w+: )?\d+ steps: .*\bexecs?")


def last_converge(log: Iterable[str]) -> tuple[str, str] | None:
    """Return when the command began whose converge is the last in the log, and its summary.

    Looks that changed nothing by intent, as `plan` takes them, do not count.
    """
    when, found = "", None
    for line in log:
        if time := _TIME.fullmatch(line):
            when = time[1]
        elif _OUTCOME.fullmatch(line) and "would change" not in line:
            found = (when or "at a time not known", line)
    return found
