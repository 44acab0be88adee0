"""A value that nobody gets to see by accident."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import NoReturn

HIDDEN = "***"
_SHORTEST_MASKED = 4
"""What is shorter stands in too many words to be taken out of them."""


class Secret:
    """A text that shows as `***` wherever it is printed; only `reveal` gives it away.

    It is equal to another of the same text. It can be neither hashed nor pickled, and no encoder of
    JSON takes it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one place that needs it."""
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment] # a hash of a short text tells the text

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        """Return itself: it never changes."""
        return self

    def __copy__(self) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "a secret is not to be written down"
        raise TypeError(message)


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """Return `text` with each of `secrets`, and each line of those that have several, as `***`."""
    hidden = {
        part
        for secret in secrets
        for part in (secret.reveal(), *secret.reveal().splitlines())
        if len(part.strip()) >= _SHORTEST_MASKED
    }
    for part in sorted(hidden, key=len, reverse=True):
        text = text.replace(part, HIDDEN)
    return text
