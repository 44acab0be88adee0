"""Logins that stay in the person's store of secrets, and are fetched when a machine needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guard.errors import GuardError
from guard.secrets.catalogue import PROVIDERS
from guard.secrets.fetch import Wanted, fetch
from guard.secrets.reference import parse_reference
from guard.secrets.secret import Secret

if TYPE_CHECKING:
    from guard.secrets.provider import Tools
    from profiles.login import Login


@dataclass(eq=False)
class NoLoginThere(GuardError):
    """A reference leads to no login of that agent."""

    reference: str
    reason: str

    def __str__(self) -> str:
        return f"{self.reference} is no login: {self.reason}; nothing was kept"


def kind_at(reference: str, kinds: Sequence[Login], tools: Tools) -> Login:
    """Fetch once what is at `reference`, and return which of `kinds` it is.

    Raises:
        BadReference: the text is no reference.
        NoLoginThere: it could not be fetched, or looks like none of them.
    """
    parsed = parse_reference(reference, PROVIDERS)
    # A place with several values has each under the name of its variable.
    wanted = [Wanted(name, parsed) for name in dict.fromkeys(kind.variable for kind in kinds)]
    with tools.turn:
        fetched = fetch(wanted, tools)
    found = fetched.sets.get("", {})
    for kind in kinds:
        if kind.variable in found and kind.fits(found[kind.variable].reveal().strip()):
            return kind
    if not found:
        raise NoLoginThere(reference, fetched.failures[0].words)
    raise NoLoginThere(reference, f"it does not look like {' or '.join(k.title for k in kinds)}")


def text_at(reference: str, variable: str, tools: Tools) -> Secret:
    """Return what is at `reference` now; the caller has the turn to fetch.

    Raises:
        BadReference, NoLoginThere: it could not be fetched.
    """
    fetched = fetch([Wanted(variable, parse_reference(reference, PROVIDERS))], tools)
    if fetched.failures:
        raise NoLoginThere(reference, fetched.failures[0].words)
    return Secret(fetched.sets[""][variable].reveal().strip())
