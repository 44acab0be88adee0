"""One verb for several machines at once, and one summary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")
_AT_ONCE = 8
"""Machines that are worked on at the same time: more at once would only be slower each."""


@dataclass(eq=False)
class SomeFailed(Exception):
    """A verb failed for some of several machines."""

    failed: tuple[tuple[str, Exception], ...]
    total: int

    @property
    def exit_status(self) -> int:
        """The gravest of the errors' own: 2 only when all of them were bad input."""
        return min(getattr(error, "exit_status", 1) for _name, error in self.failed)

    def __str__(self) -> str:
        lines = [f"{name}: {error}" for name, error in self.failed]
        return "\n".join([*lines, f"{len(self.failed)} of {self.total} failed"])


def for_each(
    items: Sequence[Item], name: Callable[[Item], str], work: Callable[[Item], None]
) -> None:
    """Call `work` for every item, several at once.

    Raises:
        SomeFailed: after all have ended, with each that failed. Of a single item, its own error.
    """
    if len(items) == 1:
        work(items[0])
        return
    failed = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        futures = [(name(item), pool.submit(work, item)) for item in items]
        try:
            for label, future in futures:
                error = future.exception()
                if isinstance(error, Exception):
                    failed.append((label, error))
                elif error is not None:
                    raise error
        except BaseException:
            # Interrupted: what has begun ends, and nothing else begins.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failed:
        raise SomeFailed(tuple(failed), len(items))
