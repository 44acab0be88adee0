"""The least that Invoke can list."""

from __future__ import annotations

from invoke import Context, task


@task
def nothing(c: Context) -> None:
    """Do nothing."""
