"""The project's repositories, cloned over the forwarded SSH agent.

The last profile of a project that has repos, named or not. A clone that is there already is never
touched. That agents trust the clones is up to their own profiles, which see the same list.
"""

from __future__ import annotations

from collections.abc import Iterator

from provision import GitClone, Step

from .guest import Guest
from .profile import profile


@profile(requires=["git"])
def repos(guest: Guest) -> Iterator[Step]:
    """The project's repositories, cloned into ~/code."""  # noqa: D401
    for repo in guest.repos:
        yield GitClone(repo.url, repo.path, branch=repo.branch)
