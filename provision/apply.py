"""The one script that applies many changes, and the reading of what it says while it runs. Pure.

Each change runs in a shell of its own under `set -e`, its output between a `begin` and an `end`
mark. Root's part is inside one sudo; what belongs to the login user runs from there through
runuser, as a fresh login would: with the groups of this moment, and without root's environment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from . import sudo
from .facts import Facts
from .framing import Framing
from .plan import Action
from .probe import ENVIRONMENT, LOGIN_PRELUDE, NO_AGENT, ROOT_PRELUDE
from .shell import quote

SIDE_BY_SIDE = 6
"""How many changes that wait for the network (clones) run at once."""
OWN_SHELL = 'mark shell "$$"'
"""Tells the process that outlives a broken connection."""
ORPHAN_LASTS_S = 60
"""How long a broken connection's change may go on before it is no longer waited for."""


def needs_sudo(actions: Sequence[Action], facts: Facts) -> bool:
    """Return whether the script that applies `actions` has to become root."""
    return facts.uid != 0 and any(action.run_as == "root" for action in actions)


def apply_script(
    actions: Sequence[Action],
    facts: Facts,
    framing: Framing,
    *,
    tries_all: bool = False,
    has_password: bool = False,
) -> str:
    """Return the script that applies `actions` in order, until one fails unless `tries_all`.

    With `has_password` it finds a password on stdin, if it has to become root.
    """
    if not needs_sudo(actions, facts):
        prelude = ROOT_PRELUDE if facts.uid == 0 else f"{NO_AGENT}\n{LOGIN_PRELUDE}"
        prelude += f"\n{OWN_SHELL}"
        parts = [_part(index, _here(action)) for index, action in enumerate(actions)]
        return "\n".join([framing.function(), prelude, _sequence(parts, tries_all=tries_all)])
    parts = [
        _part(index, _here(action) if action.run_as == "root" else _as_login(action, framing))
        for index, action in enumerate(actions)
    ]
    inner = "\n".join(
        [
            framing.function(),
            ROOT_PRELUDE,
            OWN_SHELL,
            _login_function(facts),
            _sequence(parts, tries_all=tries_all),
        ]
    )
    body = f"{{\n{inner}\n}} </dev/null"
    become = sudo.define(framing.nonce, has_password=has_password)
    root = framing.heredoc('become "$PATH" "${SHELL:-/bin/sh}"', body, "root")
    return f"{NO_AGENT}\n{LOGIN_PRELUDE}\n{become}\n{root}"


def agent_script(actions: Sequence[Action], framing: Framing) -> str:
    """Return the script that applies `actions` side by side as the login user, agent at hand."""
    lines = [framing.function(), LOGIN_PRELUDE, OWN_SHELL, "rs=$(printf '\\036')"]
    for index, action in enumerate(actions):
        # Each line carries its step's index, since the outputs are mixed.
        lines.append(
            f"{{ mark begin {index}; {_here(action)}; mark end {index} $?; }} | "
            'while IFS= read -r line || [ -n "$line" ]; do case $line in '
            f"\"$rs\"*|'') printf '%s\\n' \"$line\" ;; "
            f"*) printf '\\036{framing.nonce} say {index} 0 %s\\n' \"$line\" ;; esac; done &"
        )
        if index % SIDE_BY_SIDE == SIDE_BY_SIDE - 1:
            lines.append("wait")
    return "\n".join([*lines, "wait", "mark done 0"])


def wait_script(shell: int) -> str:
    """Return a script that waits until the apply of the process `shell` has ended.

    A shell that lost its connection goes on until it says something: its change ends, and no
    other begins.
    """
    return (
        f"n=0; while [ -d /proc/{shell} ] && [ $n -lt {ORPHAN_LASTS_S} ]; do\n"
        "sleep 1; n=$((n + 1)); done"
    )


@dataclass
class ApplyReader:
    """Follows the output of an apply, line by line, and tells what happens to which action."""

    framing: Framing
    begins: Callable[[int], None]
    says: Callable[[int, str], None]
    ends: Callable[[int, int], None]
    """Gets the index and the exit status."""
    running: list[int] = field(default_factory=list)
    is_done: bool = False
    shell: int = 0
    """The process that applies; 0 before it has said so."""
    outside: list[str] = field(default_factory=list)
    """Lines that belong to no action, such as sudo's refusal."""
    _blank_lines: int = 0

    def line(self, line: str) -> None:
        """Take one line of output."""
        mark = self.framing.read(line)
        if mark is None:
            self._output(line)
            return
        if mark.verb == "say":
            self.says(mark.index, mark.text)
            return
        # The newline before a mark ends a line that has no end; it is not output.
        self._blank_lines = 0
        if mark.verb == "begin":
            self.running.append(mark.index)
            self.begins(mark.index)
        elif mark.verb == "end" and mark.index in self.running:
            self.running.remove(mark.index)
            self.ends(mark.index, mark.status)
        elif mark.verb == "shell":
            self.shell = mark.index
        elif mark.verb == "done":
            self.is_done = True

    def _output(self, line: str) -> None:
        if not line:
            self._blank_lines += 1
        elif not self.running:
            self.outside.append(line)
        else:
            for text in [""] * self._blank_lines + [line]:
                self.says(self.running[-1], text)
            self._blank_lines = 0


def _sequence(parts: Sequence[str], *, tries_all: bool) -> str:
    stop = "" if tries_all else '\n[ "$status" = 0 ] || { mark done 0; exit 0; }'
    return "\n".join([f"{part}{stop}" for part in parts] + ["mark done 0"])


def _part(index: int, command: str) -> str:
    return f'mark begin {index}\n{command}\nstatus=$?; mark end {index} "$status"'


def _here(action: Action) -> str:
    place = "" if action.run_as == "root" else "cd; "
    return f"( environment; {place}set -e; eval {quote(action.change.script)} ) </dev/null 2>&1"


def _as_login(action: Action, framing: Framing) -> str:
    body = f"{ENVIRONMENT}\n{{\numask 022; {_here(action)}\n}} </dev/null"
    return framing.heredoc("as_login", body, "login")


def _login_function(facts: Facts) -> str:
    user, home = quote(facts.user), quote(facts.home)
    runtime = f"/run/user/{facts.uid}"
    return f"""\
login_path=$1; login_shell=$2
as_login() {{
    set --
    if [ -d {runtime} ]; then
        set -- XDG_RUNTIME_DIR={runtime} DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus
    fi
    runuser -u {user} -- env -u SUDO_USER -u SUDO_UID -u SUDO_GID -u SUDO_COMMAND -u MAIL \\
        HOME={home} USER={user} LOGNAME={user} SHELL="$login_shell" PATH="$login_path" "$@" \\
        sh -s 2>&1
}}"""
