"""The shell by which a person, or a command of theirs, stands in a machine. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lima.guest import AGENT_SOCKET
from provision.shell import join, quote, quote_path

from .secret_delivery import SOURCE_SECRETS

_WATCH = "/etc/profile.d/nopal-watch.sh"
"""What the profile `base` writes for folders of the host: see `profiles/mounted.py`."""
_SOURCE_WATCH = f"[ ! -r {_WATCH} ] || . {_WATCH}\n"
# Where sessions looked for their agent that an older nopal started, and that still run.
_OLD_LINK = (
    "! [ -L ~/.local/state/nopal/agent.sock ] || "
    f"ln -sfn {AGENT_SOCKET} ~/.local/state/nopal/agent.sock"
)
_KNOWN_TERMS = frozenset({"linux", "screen", "screen-256color", "tmux", "tmux-256color"}) | {
    "vt100",
    "xterm",
    "xterm-256color",
}


def prelude(term: str = "", terminfo: str = "") -> str:
    """Return shell that comes first in every login.

    It names the machine's own agent, and makes the person's terminal known: `term` is its name,
    `terminfo` its description in base64, compiled when the guest has none.
    """
    lines = [f"export SSH_AUTH_SOCK={AGENT_SOCKET}", _OLD_LINK]
    if term and term not in _KNOWN_TERMS:
        compiled = (
            f"printf %s {quote(terminfo)} | base64 -d | tic -x -o ~/.terminfo - 2>/dev/null || "
            if terminfo
            else ""
        )
        lines.append(
            f"infocmp {quote(term)} >/dev/null 2>&1 || {compiled}export TERM=xterm-256color"
        )
    return "\n".join(lines) + "\n"


def login_script(directory: str, term: str, terminfo: str, *, is_expected: bool = False) -> str:
    """Return shell that becomes a login shell in `directory`, or else in the home.

    It says so where a directory `is_expected` and missing.
    """
    missing = f"{{ echo {quote(_no_directory(directory))} >&2; cd; }}" if is_expected else "cd"
    return (
        prelude(term, terminfo)
        + f'cd {quote_path(directory)} 2>/dev/null || {missing}\nexec "$SHELL" -l\n'
    )


def command_script(command: str, directory: str, *, required: bool) -> str:
    """Return shell that runs `command`, given as the person typed it, in `directory`.

    Where `required`, a missing directory is an error; else the command runs in the home.
    """
    there = quote_path(directory)
    missing = f"{{ echo {quote(_no_directory(directory))} >&2; exit 1; }}" if required else "cd"
    # A repo may have secrets of its own; the shell that came before stood elsewhere.
    stood = f"{SOURCE_SECRETS}{_SOURCE_WATCH}"
    return prelude() + f"cd {there} 2>/dev/null || {missing}\n{stood}{command}\n"


def words_script(words: Sequence[str], directory: str, *, required: bool) -> str:
    """Return shell that runs a program with just these words, as `command_script` does."""
    return command_script(join(list(words)), directory, required=required)


def _no_directory(directory: str) -> str:
    return f"no directory {directory} in the machine; if it was mounted, inv up brings it back"
