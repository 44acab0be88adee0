"""Which names a secret may have: those of variables that no shell or loader gives a meaning."""

from __future__ import annotations

import re

ALL = "*"
"""In place of a name: every value of a place, under its own name."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_TAKEN = re.compile(
    # What shells keep for themselves, and refuse to set or misunderstand.
    r"_|UID|EUID|GID|EGID|PPID|GROUPS|SHELLOPTS|BASHOPTS|BASH_\w+|ZSH_\w+|IFS|PS[0-4]|OPTIND|OPTARG"
    r"|status|pipestatus|argv|history|version|hostname|fish_\w+|path|cdpath|fpath|manpath|prompt"
    r"|PROMPT_COMMAND|ENV|ZDOTDIR|RANDOM|SECONDS|LINENO|FUNCNAME|DIRSTACK|SHLVL|COLUMNS|LINES"
    # What rules a session, or any program in it.
    r"|PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|TERM|LANG|LC_\w+|LD_\w+|DYLD_\w+|TMUX\w*|SSH_\w+"
    r"|NOPAL_\w+"
)


def problem(name: str) -> str:
    """Return why no secret can be called `name`, or ""."""
    if not _NAME.fullmatch(name):
        return "it is no name of a variable"
    return "it means something to shells" if _TAKEN.fullmatch(name) else ""
