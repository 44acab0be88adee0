"""Completion of tasks by the shell, which a person waits for at each press of Tab."""

from __future__ import annotations

import sys

from invoke import Collection
from invoke.completion import complete


def print_task_names(collection: Collection) -> None:
    """Print every task's name, each followed by its aliases, in Invoke's order."""
    names = collection.task_names
    for name in sorted(names, key=complete.task_name_sort_key):
        for each in (name, *names[name]):
            sys.stdout.write(f"{each}\n")


def make_quick() -> None:
    """Put it in the place of Invoke's own, which gathers all names anew for every name.

    With the tasks of some twenty profiles that takes half as long as all else together.
    """
    complete.print_task_names = print_task_names
