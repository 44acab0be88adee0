"""direnv, which loads a folder's `.envrc` when somebody at a prompt enters the folder.

A repo's `.envrc` is a script that came with the repo. direnv runs none that was not allowed, and a
changed one has to be allowed again: `direnv allow` stays the person's own word, and nothing here
says it for a clone. What it may do is bounded by the machine.

The hook is in the prompt, so scripts and agents do not get the variables by themselves:
`direnv exec . COMMAND` runs one command with them.

`use nopal` in an `.envrc` gives the folder the secrets that your own project file names for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from provision import Apt, Check, File, Step

from .data import read_data
from .guest import Guest
from .profile import profile
from .shell_hooks import at_every_prompt


@profile
def direnv(guest: Guest) -> Iterator[Step]:
    """Per-folder environments from `.envrc` files that you allow."""
    yield Apt("direnv")
    yield from at_every_prompt(guest, "direnv", "direnv hook")
    yield File("~/.config/direnv/lib/nopal.sh", read_data("direnv_lib.sh"))
    yield Check(_REFUSES_THEN_LOADS, matches=r"^refused\nloaded$")


# With a place of its own for what is allowed, so that nothing stays allowed.
_REFUSES_THEN_LOADS = """\
direnv version
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export XDG_DATA_HOME="$place/data" DIRENV_LOG_FORMAT=
echo 'export STATE=loaded' >.envrc
direnv exec . true 2>/dev/null || echo refused
direnv allow .
direnv exec . printenv STATE"""
