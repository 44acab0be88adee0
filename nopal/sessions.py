"""Agents in named tmux sessions of a machine: the shell that starts and attaches them.

What they do in there is seen by `session_look.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from provision.shell import join, quote, quote_path

from . import session_again
from .login_shell import prelude
from .session_again import Again

TMUX = "tmux -L nopal"
"""A server of nopal's own. It reads /etc/tmux.conf, which `base` writes, then ~/.tmux.conf: a file
named by `-f` would take the place of both."""

PROMPTED = "prompted"
"""The state of an agent that was started with a prompt, until its hooks tell of another."""

RECORDS = "~/.local/state/nopal/sessions"
"""A file for each session that was started and not closed since, called by its name."""

SESSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_EACH_COMMAND = "/etc/nopal/secrets.sh"
"""What bash reads before each command of an agent that runs: it knows of values that changed."""
_HINT_MS = 12_000
_ENDED = (
    "#{@nopal_agent} ended with #{?pane_dead_signal,signal #{pane_dead_signal},"
    "status #{pane_dead_status}}: Ctrl-b d leaves, the next inv #{@nopal_agent} starts it again"
)
_CLOSED = "#{hook_session_name}"
_FORGET = f'run-shell "rm -f {RECORDS}/{_CLOSED}; {session_again.forget(_CLOSED)}"'
_ENDED_IN = "#{session_name}"
_DIED = f'run-shell "{session_again.forget(_ENDED_IN)}"'
_SERVER_OPTIONS = " \\; ".join(
    (
        # The pane of an agent that has ended stays, for what it said and how it ended.
        "set-option -wg remain-on-exit on",
        f"set-option -wg remain-on-exit-format {quote(_ENDED)}",
        f"set-hook -g session-closed {quote(_FORGET)}",
        f"set-hook -g pane-died {quote(_DIED)}",
    )
)
"""Of nopal's tmux server alone: other servers of the machine are the person's."""


@dataclass(eq=False)
class BadSessionName(Exception):
    """A session's name holds what tmux gives a meaning."""

    name: str
    exit_status = 2

    def __str__(self) -> str:
        return (
            f"{self.name!r} cannot name a session: letters, digits, - and _ only, at most 32,\n"
            "such as `--name review`."
        )


@dataclass(frozen=True)
class Session:
    """One agent to run in one named session."""

    name: str
    program: str
    """Command of the agent, such as `claude`."""
    directory: str
    """Where it starts; a leading `~/` is the guest user's home."""
    arguments: tuple[str, ...] = ()
    new: bool = False
    """Whether to start another one when a session of this name runs already."""
    prepare: str = ""
    """A program of the machine that is run before it, if it is there."""
    agent: str = ""
    """The profile that describes the agent; its state is read by that description."""
    before: str = ""
    """Shell that makes `directory` ready, or ends with a word and a status."""
    alone: bool = False
    """Whether the agent needs no terminal and nobody, and ends when it is done."""
    is_prompted: bool = False
    """Whether it begins with something to do, and will tell when it takes that up."""
    again: Again | None = None
    """How it is started again when the machine boots, where that is wanted there."""

    def __post_init__(self) -> None:
        if not SESSION_NAME.fullmatch(self.name):
            raise BadSessionName(self.name)


def start_script(session: Session) -> str:
    """Return shell that makes sure the session runs and prints `session NAME` and what was done.

    A session whose agent has ended is started again; one that runs is left alone, unless `new`
    asks for another beside it, which gets the next free number.
    """
    pane = session_again.prepared(session.prepare) + join(
        ["exec", session.program, *session.arguments]
    )
    # A login shell inside, so that the agent sees the PATH and locale that a person would.
    command = f"exec bash -lc {quote(pane)}"
    base = quote(session.name)
    alone = f'{TMUX} set-option -p -t "=$name:" @nopal_alone 1\n' if session.alone else ""
    state = (
        f'set-option -p -t "=$name:" @nopal_state "{PROMPTED} $(date +%s) "'
        if session.is_prompted
        else 'set-option -pu -t "=$name:" @nopal_state'
    )
    note = _again_note(session, session.again) if session.again else ""
    return f"""
unset TMUX TMUX_PANE
name={base}
dir={quote_path(session.directory)}
records={quote_path(RECORDS)}
mkdir -p "$records"
has() {{ {TMUX} has-session -t "=$1" 2>/dev/null; }}
if {"true" if session.new else "false"}; then
  n=2
  while has "$name"; do name={base}-$n; n=$((n + 1)); done
fi
if ! has "$name"; then did=started
elif [ "$({TMUX} display-message -p -t "=$name:" '#{{pane_dead}}')" = 1 ]; then did=restarted
else did=running
fi
if [ $did != running ]; then
{session.before}[ -d "$dir" ] || dir=$HOME
{note}command={quote(command)}
fi
if [ $did = started ]; then
  {_open(session.agent)} \\; {state}
elif [ $did = restarted ]; then
  {TMUX} respawn-pane -t "=$name:" -c "$dir" "$command" \\; \\
    set-option -p -t "=$name:" @nopal_agent {quote(session.agent)} \\; {state}
fi
{alone}[ $did = running ] || printf '%s\\n' {quote(session.agent)} > "$records/$name"
"""


def _open(agent: str, variables: str = "") -> str:
    """Return shell that opens the session `$name` in `$dir` with the shell command `$command`."""
    return f"""{TMUX} start-server \\; {_SERVER_OPTIONS} \\; \\
    new-session -d -s "$name" -c "$dir" -x 200 -y 50 \\
    -e SSH_AUTH_SOCK="$SSH_AUTH_SOCK" -e NOPAL_SESSION="$name" \\
    -e COLORTERM=truecolor -e BASH_ENV={_EACH_COMMAND} {variables}\\
    "$command" \\; \\
    set-option -p -t "=$name:" @nopal_agent {quote(agent)}"""


def _again_note(session: Session, again: Again) -> str:
    opened = f"""\
{TMUX} has-session -t "=$name" 2>/dev/null && exit
{_open(session.agent, session_again.VARIABLE)}
printf '%s\\n' {quote(session.agent)} > {quote_path(RECORDS)}/"$name"
"""
    text = session_again.script(again, session.directory, prelude(), opened)
    return session_again.note_script(text)


def detached_script(session: Session) -> str:
    """Return shell that starts the session and leaves it: it prints `session NAME DID`."""
    return prelude() + start_script(session) + 'printf "session %s %s\\n" "$name" "$did"\n'


def attach_script(session: Session, term: str, terminfo: str, hint: str = "") -> str:
    """Return shell that starts the session where needed, and attaches this terminal to it.

    tmux shows `hint` for some seconds.
    """
    said = f" \\; display-message -d {_HINT_MS} {quote(hint)}" if hint else ""
    return (
        prelude(term, terminfo)
        + start_script(session)
        + f'exec {TMUX} -u attach-session -t "=$name"{said}\n'
    )


def read_detached(lines: Sequence[str]) -> tuple[str, str] | None:
    """Return name and what was done (`started`, `restarted`, `running`) as the guest told it."""
    for line in lines:
        words = line.split()
        match words:
            case ["session", name, ("started" | "restarted" | "running") as did]:
                if SESSION_NAME.fullmatch(name):
                    return name, did
    return None
