"""Shell that writes a file so that nobody ever sees half of it.

Only text is made here; which file needs it is decided by the step kinds.
"""

from __future__ import annotations

import base64
import posixpath

from ..shell import quote, quote_path
from ..step import Bulk


def emit(content: str | bytes) -> str:
    """Return shell that prints exactly `content`, readable in a log where that is possible."""
    data = content.encode() if isinstance(content, str) else content
    text = data.decode("utf-8", "replace")
    if text.encode() == data and all(c.isprintable() or c in "\n\t" for c in text):
        return f"printf %s {quote(text)}"
    encoded = base64.b64encode(data).decode()
    return f"printf %s {quote(encoded)} | base64 -d"


LARGE = 64 * 1024
"""Bytes from which on content is better sent apart from the script."""


def bulk(content: str | bytes) -> Bulk | None:
    """Return `content` as data that may travel apart from a script of `emit`; None if small."""
    data = content.encode() if isinstance(content, str) else content
    return Bulk(data, emit(content)) if len(data) > LARGE else None


def write_file(
    path: str, content: str | bytes, *, mode: str, owner: str = "", group: str = ""
) -> str:
    """Return shell that makes `path` a file of `content`: written beside it, then renamed over it.

    A link at `path` is replaced, a directory is refused by `mv`. Missing parents are made.
    """
    target = quote_path(path)
    lines = [_beside(path), f'{emit(content)} >"$nopal_new"']
    if owner:
        # `owner:` gives the owner's login group.
        lines.append(f'chown {quote(f"{owner}:{group}")} -- "$nopal_new"')
    lines += [f'chmod {quote(mode)} -- "$nopal_new"', f'mv -fT -- "$nopal_new" {target}', _DONE]
    return "\n".join(lines)


def rewrite_file(path: str, produce: str, *, mode: str) -> str:
    """Return shell that replaces `path`, a user's own file, by what `produce` prints.

    `produce` finds the file as `"$nopal_to"`. Owner and mode stay; a link stays a link and what it
    points to is rewritten; a file that is not there yet gets `mode`.
    """
    return "\n".join(
        [
            f"nopal_to=$(readlink -m -- {quote_path(path)})",
            "nopal_in=${nopal_to%/*}",
            '[ -d "$nopal_in/" ] || mkdir -p -- "$nopal_in"',
            'nopal_new=$(mktemp -- "$nopal_in/.nopal.XXXXXXXX")',
            "trap 'rm -f -- \"$nopal_new\"' EXIT",
            produce,
            'if [ -e "$nopal_to" ]; then',
            'chmod --reference="$nopal_to" -- "$nopal_new"',
            'chown --reference="$nopal_to" -- "$nopal_new" 2>/dev/null || :',
            f'else chmod {quote(mode)} -- "$nopal_new"; fi',
            'mv -fT -- "$nopal_new" "$nopal_to"',
            _DONE,
        ]
    )


# Each process that a change does not start is a millisecond less: there may be a thousand files.
_DONE = "trap - EXIT"


def parent_word(path: str) -> str:
    """Return the shell word for the directory that holds `path`."""
    directory = posixpath.dirname(path)
    return '"$HOME"' if directory == "~" else quote_path(directory)


def _beside(path: str) -> str:
    parent = parent_word(path)
    return "\n".join(
        [
            f"[ -d {parent} ] || mkdir -p -- {parent}",
            f"nopal_new=$(mktemp -- {parent}/.nopal.XXXXXXXX)",
            "trap 'rm -f -- \"$nopal_new\"' EXIT",
        ]
    )
