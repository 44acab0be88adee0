"""A function for the person's shell that stands in a machine: `nm npm test`. Pure.

It calls `nopal`, which unlike `inv` runs no code of the folder that one is in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import ProjectError

# What is typed at the prompt is quoted by nothing there: names are plain words, of every shell.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
# Commands and files are completed as they are here: what is mounted has the same path inside.
_FUNCTIONS = {
    "bash": """\
{name}() {{ command nopal stand --project={project} -- "$@"; }}
_nopal_{name}() {{
    COMPREPLY=()
    [[ $COMP_CWORD -eq 1 ]] && mapfile -t COMPREPLY < <(compgen -c -- "$2")
}}
complete -o default -F _nopal_{name} {name}
""",
    "zsh": """\
{name}() {{ command nopal stand --project={project} -- "$@" }}
(( $+functions[compdef] )) && compdef _precommand {name}
""",
    "fish": """\
function {name} --description 'Stand in the machine {project}'
    command nopal stand --project={project} -- $argv
end
complete --command {name} --no-files --arguments '(__fish_complete_subcommand)'
""",
}


@dataclass(eq=False)
class NoFunction(ProjectError):
    """A function cannot be had for this shell, or under this name."""

    found: str
    allowed: str

    def __str__(self) -> str:
        return f"no shell function for `{ascii(self.found)[1:-1]}`\n  allowed: {self.allowed}"


@dataclass(eq=False)
class WhichMachine(ProjectError):
    """There is not just one shared machine, and none was named."""

    names: tuple[str, ...]
    person_file: Path

    def __str__(self) -> str:
        some = f"several shared machines: {', '.join(self.names)}" if self.names else "none"
        return (
            f'which machine to stand in? {self.person_file} has {some} (mode = "shared")\n'
            "  name one: nopal shellenv SHELL -p NAME"
        )


def function(shell: str, name: str, project: str) -> str:
    """Return the definition in `shell` of a function `name` that stands in `project`.

    Raises:
        NoFunction: the shell is unknown, or the name is no plain word.
    """
    if shell not in _FUNCTIONS:
        raise NoFunction(shell, ", ".join(_FUNCTIONS))
    if not _NAME.fullmatch(name):
        raise NoFunction(name, "a name of letters, digits, `-` and `_`, such as --name vm")
    return _FUNCTIONS[shell].format(name=name, project=project)


def only_shared(names: Sequence[str], person_file: Path) -> str:
    """Return the one shared machine. Raises WhichMachine."""
    if len(names) != 1:
        raise WhichMachine(tuple(names), person_file)
    return names[0]
