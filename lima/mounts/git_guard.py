"""Which paths make git run programs, so that a machine must not change them: pure.

Hooks and configuration are what git of this computer follows. What a machine needs to commit, fetch
and push (objects, refs, the index, logs) stays its own. A repo cannot be begun, moved away or
exchanged, since another one's configuration would count then.
"""

from __future__ import annotations

from collections.abc import Sequence

_OWN = (b"objects", b"refs", b"logs", b"lfs")
"""Folders in which any name may be: branches can be called anything."""
_FOLLOWED = (b"hooks", b"commondir", b"gitdir")


def is_guarded(path: Sequence[bytes]) -> bool:
    """Return whether the file at this path, in components, must stay as it is."""
    below = _below_git(path)
    if below is None:
        return False
    if not below:
        return True
    if below[0] in _OWN:
        return False
    # `config.lock` becomes `config`; a submodule's are in `modules/NAME`.
    return any(name in _FOLLOWED or name.startswith(b"config") for name in map(bytes.lower, below))


def holds_guarded(path: Sequence[bytes]) -> bool:
    """Return whether a folder at this path may hold such files: it must stay where it is."""
    below = _below_git(path)
    return below is not None and not (len(below) > 1 and below[0] in _OWN)


def _below_git(path: Sequence[bytes]) -> Sequence[bytes] | None:
    names = [name.lower() for name in path]  # a file system may know no case
    return path[names.index(b".git") + 1 :] if b".git" in names else None
