"""Completion by the shell, for which a person waits at each press of Tab, and its set-up."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import invoke.program
from invoke import Collection, Context, Exit
from invoke.completion import complete
from invoke.exceptions import ParseError

from .open import open_workspace
from .verb import known_errors, verb

if TYPE_CHECKING:
    from invoke.parser import Parser, ParserContext

    from ..completion_words import Wanted
    from ..shell_setup import ShellSetup

_by_invoke = complete.complete


@verb(
    auto_shortflags=False,
    help={
        "shell": "bash, zsh or fish; else the one you log in with",
        "install": "let that shell complete nopal and inv from its next start on",
        "remove": "take that out again",
        "yes": "do not ask",
    },
)
def completion(
    c: Context, shell: str = "", install: bool = False, remove: bool = False, yes: bool = False
) -> None:
    """Complete verbs, flags, projects and more by Tab; prints the shell's script."""
    from ..host_setup import confirm  # noqa: PLC0415
    from ..shell_setup import shell_setup  # noqa: PLC0415

    if install and remove:
        raise Exit("give one of --install and --remove", 2)
    workspace = open_workspace(c)
    setup: ShellSetup = shell_setup(shell, workspace.environ, workspace.paths)
    if remove:
        removed = setup.remove()
        sys.stderr.write(f"{setup.read_by}: {'taken out' if removed else 'nothing to take out'}\n")
    elif install:
        sys.stderr.write(f"{setup.read_by} would get:\n{setup.shown}")
        if not yes and not (sys.stdin.isatty() and confirm("Put it there?")):
            raise Exit("nothing was changed; to do it without being asked: add --yes", 1)
        setup.install()
        sys.stderr.write(f"done; it counts in each {setup.shell} that is started from now on\n")
    else:
        sys.stdout.write(setup.script)


def print_task_names(collection: Collection) -> None:
    """Print every task's name, each followed by its aliases, in Invoke's order."""
    names = collection.task_names
    for name in sorted(names, key=complete.task_name_sort_key):
        for each in (name, *names[name]):
            sys.stdout.write(f"{each}\n")


def make_quick() -> None:
    """Put it in the place of Invoke's own, which gathers all names anew for every name.

    With the tasks of some twenty profiles that takes half as long as all else together.
    """
    complete.print_task_names = print_task_names


def make_complete() -> None:
    """Let Invoke complete values too: it knows verbs and flags, and what their values are not."""
    invoke.program.complete = _complete


def _complete(
    names: list[str],
    core: Any,
    initial_context: ParserContext,
    collection: Collection,
    parser: Parser,
) -> Exit:
    wanted = value_wanted(_words(names, core.remainder), parser)
    if wanted is None or not wanted.kind:
        return _by_invoke(names, core, initial_context, collection, parser)
    from ..completion_words import candidates, look_ups  # noqa: PLC0415

    try:
        found = candidates(wanted, look_ups(open_workspace(Context()), wanted.project))
    except tuple(known_errors()):
        found = []  # a broken file is no time for words, in the middle of a line
    sys.stdout.write("".join(f"{one}\n" for one in found))
    raise Exit


def value_wanted(words: Sequence[str], parser: Parser) -> Wanted | None:
    """Return the value that the last word is, or begins; None for a verb or flag."""
    from ..completion_words import Wanted  # noqa: PLC0415

    *before, current = words or ("",)
    if current == "=" or (before and before[-1] == "="):
        # bash makes three words of `--project=blog`.
        before, current = (before, "") if current == "=" else (before[:-1], current)
    flag, _, _ = current.partition("=")
    is_joined = current.startswith("--") and "=" in current
    context, last = _context(parser, [*before, flag] if is_joined else before)
    if context is None:
        return None
    argument = context.flags[last] if last in context.flags else None  # noqa: SIM401 - no -p in `get`
    if argument is not None and argument.takes_value:
        name = argument.name
    elif context.missing_positional_args and not current.startswith("-"):
        name = context.missing_positional_args[0].name
    else:
        return None
    project = context.args["project"].value if "project" in context.args else ""
    project = project if isinstance(project, str) else ""
    return Wanted(context.name or "", name or "", current, project)


def _context(parser: Parser, before: list[str]) -> tuple[ParserContext | None, str]:
    """Return the verb that is being typed, and the word before the current one."""
    try:
        contexts = parser.parse_argv(before)
    except ParseError as error:
        return error.context, before[-1] if before else ""
    return (contexts[-1] if contexts else None), before[-1] if before else ""


def _words(names: Sequence[str], typed: str) -> list[str]:
    """Return the words of a command line without the program; the last may be empty."""
    try:
        words = shlex.split(typed)
    except ValueError:  # a quote that is not closed yet
        words = typed.split()
    if words and PurePath(words[0]).name in names:
        words = words[1:]
    return [*words, ""] if typed.endswith(" ") or not words else words
