"""The stores that projects' secrets are in: whether their programs are there. Nothing is opened."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from .finding import Check, Finding

if TYPE_CHECKING:
    from guard.secrets.fetch import Wanted
    from guard.secrets.provider import Provider, Tools


def store_checks(wanted: Iterable[Wanted], tools: Tools) -> tuple[Check, ...]:
    """Return a check for each provider that one of `wanted` is asked of."""
    used = {one.reference.provider.scheme: one.reference.provider for one in wanted}
    return tuple(
        Check(f"secrets of {scheme}", partial(_look, provider, tools))
        for scheme, provider in used.items()
    )


def _look(provider: Provider, tools: Tools) -> Finding:
    found = provider.check(tools)
    return Finding(found.is_usable, found.says, found.fix)
