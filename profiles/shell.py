"""A shell to feel at home in: a prompt that names the machine, git's branch, a long history.

For bash always, and for zsh or fish where that is the project's `shell`, which `base` installs and
makes the login shell. The prompt begins with the project's name in reverse, so that nobody takes
the machine for the host. History is long and shared by all open shells; completion is on; the hooks
of fzf and zoxide are there where the programs are (the profile `modern` has both).

Nothing of a person's is overwritten: the texts are files of nopal's below /etc, which ~/.bashrc and
~/.zshrc read from a marked block. What stands below that block wins, and a fish_prompt of your own
in ~/.config/fish does so, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from provision import Apt, Block, Check, File, Step
from provision.shell import quote

from .data import read_data
from .guest import Guest
from .profile import profile


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `shell`."""

    label: str = ""
    """What the prompt calls the machine; empty: the project's name."""

    def __post_init__(self) -> None:
        """Refuse what a prompt would give a meaning."""
        if not all(letter.isalnum() or letter in " ._-" for letter in self.label):
            message = "`label` holds letters, digits, blanks, `.`, `_` and `-`"
            raise ValueError(message)


@profile
def shell(options: Options, guest: Guest) -> Iterator[Step]:
    """A prompt that names the machine, history, completion, hooks."""  # noqa: D401
    yield Apt("bash-completion")
    label = options.label or guest.name
    yield File("/etc/nopal/shell.bash", _text("bash", label))
    yield Block("~/.bashrc", _read("bash"), marker="shell")
    if guest.shell == "zsh":
        yield File("/etc/nopal/shell.zsh", _text("zsh", label))
        yield Block("~/.zshrc", _read("zsh"), marker="shell")
    if guest.shell == "fish":
        # The second letter is for the order: after the variables of `base`.
        yield File("/etc/fish/conf.d/nopal-shell.fish", _text("fish", label))
    # A shell as somebody would type at it, down to the prompt that it shows.
    yield Check(_SHOWN[guest.shell], matches=re.escape(label))


_SHOWN = {
    "bash": 'bash -ic \'nopal_prompt; printf "%s\\n" "${PS1@P}"\' 2>/dev/null',
    "zsh": "zsh -ic 'print -P \"$PROMPT\"' 2>/dev/null",
    "fish": "fish -ic fish_prompt",
}


def _read(name: str) -> str:
    return f"[ ! -r /etc/nopal/shell.{name} ] || . /etc/nopal/shell.{name}\n"


def _text(name: str, label: str) -> str:
    set_to = "set -g nopal_machine " if name == "fish" else "nopal_machine="
    return f"# Written by nopal.\n{set_to}{quote(label)}\n{read_data(f'shell.{name}')}"
