"""What a profile adds to the shells: variables and folders of programs, and hooks of the prompt.

Each addition stands in files or marked blocks of its own, so that a profile works wherever it is
applied, with `base` or without, and no two of them write to the same place. bash is always served,
agents use it; zsh and fish where one of them is the login shell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from provision import Block, File, Link, Step
from provision.shell import quote

from .guest import Guest


def in_every_shell(
    guest: Guest, name: str, *, path: Sequence[str] = (), variables: Mapping[str, str] | None = None
) -> Iterator[Step]:
    """Put folders in front of PATH and set variables, in shells at which nobody types too.

    `name` is the profile's; a folder may begin with `~/`.
    """
    folders = [guest.absolute(folder) for folder in path]
    script = f"/etc/nopal/{name}.sh"
    yield File(script, _posix(folders, variables or {}))
    yield Link(f"/etc/profile.d/nopal-{name}.sh", script)
    source = f"[ ! -r {script} ] || . {script}\n"
    # Debian's .bashrc returns at once where nobody types, hence `top`.
    yield Block("~/.bashrc", source, marker=name, top=True)
    if guest.shell == "zsh":
        yield Block("/etc/zsh/zshenv", source, marker=name)
    if guest.shell == "fish":
        yield File(f"/etc/fish/conf.d/nopal-{name}.fish", _fish(folders, variables or {}))


def at_every_prompt(guest: Guest, name: str, hook: str) -> Iterator[Step]:
    """Let the shells at which somebody types run what `hook` prints.

    `hook` is a command to which the shell's name is appended, such as `direnv hook`.
    """
    program = hook.partition(" ")[0]
    yield Block("~/.bashrc", _evaluate(program, f"{hook} bash"), marker=f"{name} prompt")
    if guest.shell == "zsh":
        yield Block("~/.zshrc", _evaluate(program, f"{hook} zsh"), marker=f"{name} prompt")
    if guest.shell == "fish":
        test = f"status is-interactive; and command -q {program}; and {hook} fish | source\n"
        yield File(f"/etc/fish/conf.d/nopal-{name}-prompt.fish", test)


def _evaluate(program: str, hook: str) -> str:
    return f'if command -v {program} >/dev/null; then eval "$({hook})"; fi\n'


def _posix(folders: Sequence[str], variables: Mapping[str, str]) -> str:
    lines = [f"export {name}={quote(value)}" for name, value in variables.items()]
    for folder in folders:
        lines.append(f'case ":$PATH:" in *:{quote(folder)}:*) ;; *)')
        lines.append(f'export PATH={quote(folder)}":$PATH" ;; esac')
    return "\n".join(lines) + "\n"


def _fish(folders: Sequence[str], variables: Mapping[str, str]) -> str:
    # A POSIX word in single quotes is one of fish's too, unless it holds a quote or a backslash.
    lines = [f"set -gx {name} {quote(value)}" for name, value in variables.items()]
    lines += [
        f"contains {quote(folder)} $PATH; or set -gx PATH {quote(folder)} $PATH"
        for folder in folders
    ]
    return "\n".join(lines) + "\n"
