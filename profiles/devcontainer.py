"""The commands of a devcontainer.json that run once its repo has been cloned.

All else that such a file asks for is in other profiles and keys: `inv init --from-devcontainer`
reads it on your computer, shows what it makes of it, and writes `.nopal.toml` when you agree. The
commands are in that file word for word, and the machine never looks for others in the clone: what
runs is what you saw.

Each command runs once for a clone, in its folder, after `deps`, as the user of the machine and
without the SSH agent. One that was changed runs anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from provision import Command, Step
from provision.shell import quote, quote_path
from provision.steps.command import shorten

from .guest import Guest
from .profile import profile


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `devcontainer`."""

    post_create: tuple[str, ...] = ()
    """Shell commands, in their order."""
    folder: str = ""
    """The clone in which they run, such as `~/code/blog`; empty: the project's first."""


@profile(requires=["deps"])
def devcontainer(options: Options, guest: Guest) -> Iterator[Step]:
    """The commands of a devcontainer.json that run once its repo has been cloned."""  # noqa: D401
    if not options.post_create:
        return
    clones = [repo.path for repo in guest.repos]
    folder = options.folder or (clones[0] if clones else "")
    if folder not in clones:
        message = f"`folder` is one of the project's clones: {', '.join(clones) or 'it has none'}"
        raise ValueError(message)
    for number, command in enumerate(options.post_create, 1):
        yield _once(number, command, folder)


def _once(number: int, command: str, folder: str) -> Command:
    # In .git, so that it is out of the way and gone when the clone is.
    digest = hashlib.sha256(command.encode()).hexdigest()[:16]
    marks = f"{quote_path(folder)}/.git/nopal"
    mark = f"{marks}/post-create-{number}-{digest}"
    # A new clone is looked at in the second round, as by `deps`, which comes before.
    return Command(
        f"cd {quote_path(folder)}\nsh -c {quote(command)}\nmkdir -p {marks}\n: >{mark}",
        unless=f"[ ! -e {quote_path(folder)}/.git ] || [ -e {mark} ]",
        name=f"{number} after clone: {shorten(command)}",
        run_as="login",
    )
