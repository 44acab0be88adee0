"""`help`: the manual, section by section."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Any

from invoke import Context, Task

from .verb import verb

_WIDEST = 100


def help_task(words: Sequence[str]) -> Task[Any]:
    """Return the verb for a command line of these words.

    Invoke has no positional argument that may be missing: there is one where a word follows.
    """
    following = list(words[words.index("help") + 1 :]) if "help" in words else []
    if not following or following[0].startswith("-"):
        return verb(name="help")(_list)
    topic = "a section of the manual, or a word of its name; none: lists them"
    return verb(name="help", positional=["topic"], help={"topic": topic})(_show)


def _list(c: Context) -> None:  # noqa: ARG001 - Invoke gives it to each verb
    """Show a section of the manual; without a topic, list the sections."""
    from ..manual import listed, manual, topics  # noqa: PLC0415

    sys.stdout.write(listed(topics(manual())) + "\n")


def _show(c: Context, topic: str) -> None:  # noqa: ARG001
    """Show a section of the manual; without a topic, list the sections."""
    import pydoc  # noqa: PLC0415

    from ..manual import as_plain_text, find_topic, manual, topics  # noqa: PLC0415

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    text = as_plain_text(find_topic(topic, topics(manual())), width)
    if sys.stdout.isatty():
        pydoc.pager(text)
    else:
        sys.stdout.write(text)
