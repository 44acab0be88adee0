"""How nopal's tasks are made: one wrapper that turns errors into an exit status."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from invoke import Argument, Exit
from invoke.tasks import Task

PROJECT = "the project; else the one of the repo you stand in, else `default`"
NO_WAIT = "fail where another command is at work on the machine, instead of waiting for it"
PROJECTS = "a project, may be given more than once or with commas; else as the repo says"


def verb(
    *,
    help: dict[str, str] | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Task[Any]]:
    """Return a decorator that makes a task of a function, as Invoke's `task` does.

    An error of nopal's rooms ends the run with its text on stderr and its `exit_status`: 2 for bad
    input, 1 for the rest, 130 for Ctrl-C. A traceback is shown only with `inv --debug`.
    """

    def decorate(body: Callable[..., Any]) -> Task[Any]:
        @functools.wraps(body)
        def run(*args: Any, **kwargs: Any) -> Any:
            with explained():
                return body(*args, **kwargs)

        return Verb(run, help=help or {}, **options)

    return decorate


class Verb(Task[Any]):
    """A task that Invoke's copies of a collection share, and whose arguments it finds out once."""

    _arguments: list[Argument] | None = None

    def __deepcopy__(self, memo: dict[int, object]) -> Verb:
        """Return itself: it never changes."""
        return self

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """See Invoke's Task."""
        if self._arguments is None:
            self._arguments = super().get_arguments(ignore_unknown_help)
        return self._arguments

    def arg_opts(self, name: str, default: Any, taken_names: set[str]) -> dict[str, Any]:
        """See Invoke's Task. What is told by its place leaves the short flags to the others."""
        taken = {*taken_names, *name} if name in self.positional else taken_names
        return super().arg_opts(name, default, taken)


@contextmanager
def explained() -> Iterator[None]:
    """Turn the errors that nopal knows into Invoke's `Exit`."""
    from ..interrupt import STATUS, interruptible, leave, others_work  # noqa: PLC0415

    try:
        with interruptible():
            yield
    except KeyboardInterrupt:
        message = "interrupted; the next run goes on from here"
        if others_work():
            leave(message)
        raise Exit(message, STATUS) from None
    except Exception as error:
        if is_debugging() or not isinstance(error, tuple(known_errors())):
            raise
        raise Exit(_shown(error), getattr(error, "exit_status", 1)) from error


def is_debugging() -> bool:
    """Return whether `inv --debug` was asked for."""
    return logging.getLogger("invoke").isEnabledFor(logging.DEBUG)


def _shown(error: Exception) -> str:
    from ..screen import printable  # noqa: PLC0415

    # It may quote a guest, which must not rule the terminal.
    return "\n".join(map(printable, str(error).split("\n")))


def known_errors() -> Iterable[type[Exception]]:
    """Return the errors that a person can act on; every other one is a bug."""
    # Loaded only when something went wrong: a listing must not pay for the rooms.
    from guard.errors import GuardError  # noqa: PLC0415
    from lima.errors import LimaError  # noqa: PLC0415
    from profiles.errors import ProfileError  # noqa: PLC0415
    from provision.errors import ConvergeError  # noqa: PLC0415

    from ..errors import ProjectError  # noqa: PLC0415
    from ..lock import Busy  # noqa: PLC0415
    from ..machine_errors import MachineError  # noqa: PLC0415
    from ..many import SomeFailed  # noqa: PLC0415
    from ..sessions import BadSessionName  # noqa: PLC0415
    from ..state import StateError  # noqa: PLC0415

    return (
        BadSessionName,
        Busy,
        ConvergeError,
        GuardError,
        LimaError,
        MachineError,
        NotImplementedError,  # a system or processor that machines do not run on
        OSError,  # a full disk, a home that may not be written: its own words say what and where
        ProfileError,
        ProjectError,
        SomeFailed,
        StateError,
    )
