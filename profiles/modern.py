"""Today's programs for the shell: fd, bat, eza, fzf, zoxide, delta, yq and lazygit.

Two more of the kind, ripgrep and jq, are in every machine by `base`. All of them are the
distribution's own packages. Debian calls two of them otherwise, since the short names were taken:
they are `fd` and `bat` here, beside `fdfind` and `batcat`.

`yq` is the one that Debian and Ubuntu have, written in Python: jq's language for YAML, such as
`yq -y .a.b file`, with `tomlq` beside it. The program of the same name that is written in Go has a
language of its own; what was written for that one does not run here.

Ubuntu 24.04 has no lazygit: it is left out there, and said so. The hooks of fzf and zoxide in the
shells come with the profile `shell`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from provision import Apt, Block, Check, Command, FirstOf, Link, Step
from provision.shell import quote

from .guest import Guest
from .profile import profile

Program = Literal["fd", "bat", "eza", "fzf", "zoxide", "delta", "yq", "lazygit"]
PROGRAMS: tuple[Program, ...] = get_args(Program)

_PACKAGES: dict[Program, str] = {"fd": "fd-find", "delta": "git-delta"}
_RENAMED: dict[Program, str] = {"fd": "/usr/bin/fdfind", "bat": "/usr/bin/batcat"}
_NOT_IN_EVERY_UBUNTU: frozenset[Program] = frozenset({"lazygit"})

# What each does, in a line that fails where it does not.
_TRIED: dict[Program, str] = {
    "fd": "fd --max-depth 1 passwd /etc | grep -q passwd",
    "bat": "bat --plain /etc/hostname >/dev/null",
    "eza": "eza /etc/passwd >/dev/null",
    "fzf": "printf 'a\\nb\\n' | fzf --filter b >/dev/null",
    "zoxide": "zoxide init bash >/dev/null",
    "delta": "delta --version >/dev/null",
    "yq": "echo 'a: 1' | yq --exit-status .a >/dev/null",
    "lazygit": "lazygit --version >/dev/null",
}

_DELTA = """\
[core]
	pager = delta
[interactive]
	diffFilter = delta --color-only
"""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `modern`."""

    programs: tuple[Program, ...] = PROGRAMS
    """Which of them; all by default."""
    pager: bool = True
    """Whether git shows its output on a terminal through delta; your own ~/.gitconfig wins."""


@profile
def modern(options: Options, guest: Guest) -> Iterator[Step]:
    """Today's programs for the shell: fd, bat, eza, fzf, zoxide, delta, yq, lazygit."""
    programs = tuple(dict.fromkeys(options.programs))
    for program in programs:
        package = Apt(_PACKAGES.get(program, program))
        if guest.distribution == "ubuntu" and program in _NOT_IN_EVERY_UBUNTU:
            yield FirstOf(program, package, _left_out(program))
        else:
            yield package
        if program in _RENAMED:
            yield Link(f"/usr/local/bin/{program}", _RENAMED[program])
    if "delta" in programs and options.pager:
        yield Block("/etc/gitconfig", _DELTA, marker="delta")
    yield Check("\n".join(_trial(program, guest) for program in programs) or "true")


def _left_out(program: Program) -> Command:
    """Say that the program is missing, once."""
    folder = "/var/lib/nopal/left-out"
    says = f"{program} is not in this release of Ubuntu: this machine goes without it."
    return Command(
        f"mkdir -p {folder}\ntouch {folder}/{program}\necho {quote(says)}",
        creates=f"{folder}/{program}",
        name=f"no {program}",
    )


def _trial(program: Program, guest: Guest) -> str:
    trial = _TRIED[program]
    if guest.distribution == "ubuntu" and program in _NOT_IN_EVERY_UBUNTU:
        return f"if command -v {program} >/dev/null; then {trial}; fi"
    return trial
