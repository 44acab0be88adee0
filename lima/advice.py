"""What mends a failure of this computer, by the words in which a program told of it. Pure."""

from __future__ import annotations

import re

_FULL = (
    "The disk of this computer is full: `inv df` shows what takes space, `inv prune` frees some;"
    " then run the same command again."
)
_CLOSED = (
    "Make that place writable again (its mount, owner or mode), then run the same command again."
)
_ADVICE = {
    r"no space left on device|disk quota exceeded|\bENOSPC\b": _FULL,
    r"read-only file system|permission denied|operation not permitted": _CLOSED,
    r"expected digest|digest mismatch|unexpected digest|digest .* does not match": (
        "The image is another one than its digest says: correct `image`, or remove the file and"
        " get it again."
    ),
    r"failed to download|could not download|no such host|server misbehaving": (
        "Its site cannot be reached from here: try again later, or set `image` to a file."
    ),
    r"address already in use": (
        "Another program has that port or socket: `inv ports` shows which; free it, or choose"
        " another in `ports`."
    ),
}


def advice(said: str) -> str:
    """Return the sentence that goes with `said`, or "" for words that mean nothing special."""
    return next(
        (text for words, text in _ADVICE.items() if re.search(words, said, re.IGNORECASE)), ""
    )


def with_advice(said: str, otherwise: str = "") -> str:
    """Return `said`, and on a line of its own what mends it, or else `otherwise`."""
    fix = advice(said) or otherwise
    return f"{said}\n{fix}" if fix else said
