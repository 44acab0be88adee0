"""Sends large data of changes as files, where the transport can, in place of within the script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from .plan import Action
from .shell import quote
from .step import Bulk
from .transport import Transport, Uploads


@contextmanager
def sent_apart(transport: Transport, actions: Sequence[Action]) -> Iterator[Sequence[Action]]:
    """Yield `actions` as they are, or with their large data on the guest until the block ends.

    Raises:
        GuestUnreachable: the connection was lost.
    """
    bulks = [action.change.bulk for action in actions if action.change.bulk is not None]
    if not bulks or not isinstance(transport, Uploads):
        yield actions
        return
    with transport.uploaded([bulk.data for bulk in bulks]) as paths:
        where = dict(zip(bulks, paths, strict=True)) if paths is not None else {}
        yield [_lighter(action, where) for action in actions]


def _lighter(action: Action, where: dict[Bulk, str]) -> Action:
    bulk = action.change.bulk
    if bulk is None or bulk not in where:
        return action
    script = action.change.script.replace(bulk.printing, f"cat -- {quote(where[bulk])}", 1)
    return replace(action, change=replace(action.change, script=script))
