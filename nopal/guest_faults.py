"""What ails a guest in which something failed: asked of it in one exec, said in a sentence each.

What is said is of nopal's own words: a guest is hostile, and its answers are only compared.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provision.errors import ConvergeError
from provision.look import Question, look

from . import guest_look
from .guest_clock import off_by, words

if TYPE_CHECKING:
    from provision.transport import Transport

ROUTE = Question("route", "ip route show default")
NAMES = Question("names", "timeout 10 getent hosts host.lima.internal && echo found || echo none")
QUESTIONS = (guest_look.CLOCK, guest_look.DISK, guest_look.MOUNTS, ROUTE, NAMES)
_LEAST_FREE = 50 * 1024**2
_LEAST_FILES = 1000


def ask_for_faults(transport: Transport, name: str) -> tuple[str, ...]:
    """Return a sentence for each thing that is wrong in the guest of the machine `name`.

    None where it does not answer: that has been said already.
    """
    asked = time.time()
    try:
        _facts, answers = look(transport, QUESTIONS)
    except ConvergeError:
        return ()
    return tuple(faults(name, answers, asked, time.time()))


def faults(name: str, answers: guest_look.Answers, asked: float, answered: float) -> Iterator[str]:
    """Yield a sentence for each fault that `answers` show."""
    root = next((mount for mount in guest_look.mounts(answers) if mount.target == "/"), None)
    if root is not None and not root.is_writable:
        yield (
            f"`/` of the machine {name} is read-only, as after an error of its disk;"
            f" a boot checks and mends it: inv restart -p {name}"
        )
    disk = guest_look.disk(answers)
    if disk is not None and (disk.free < _LEAST_FREE or 0 <= disk.free_files < _LEAST_FILES):
        yield (
            f"the disk of the machine {name} is full: remove something in it, or raise `disk` of"
            f" the project, then: inv up --restart -p {name}"
        )
    if (answers.get(ROUTE.about) or "").strip() == "":
        yield f"the machine {name} has no network (no route out of it): inv restart -p {name}"
    elif (answers.get(NAMES.about) or "").strip().endswith("none"):
        yield f"the machine {name} finds no host by its name (DNS): inv restart -p {name}"
    shown = guest_look.clock(answers)
    if shown is not None and (off := off_by(shown, asked, answered)):
        yield f"the clock of the machine {name} is {words(off)}: inv up -p {name} sets it"
