"""What starts a session again when its machine boots, for the profile `autostart`. Pure.

Each session that may be has a script beside its name. An agent that tells its conversation has the
id of that in a file beside the script (`profiles/agent-state.sh`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provision.shell import join, quote, quote_path

from .secret_delivery import PLACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profiles.agent import Agent

FOLDER = "~/.local/state/nopal/again"
WANTED = "/etc/nopal/autostart"
OVER = "/usr/local/lib/nopal/session-over"

_ID = "NOPAL_CONVERSATION"
VARIABLE = f'-e {_ID}="${_ID}" '
"""What an agent that goes on has in its environment: words of tmux's `new-session`."""


@dataclass(frozen=True)
class Again:
    """The shell that is an agent which goes on."""

    told: str
    """With the conversation whose id is in the variable of that name."""
    else_: str
    """Where no id was told: the agent has had no conversation, or tells none. Such a one takes up
    the last conversation of the folder, if it can."""


def again_of(agent: Agent, arguments: Sequence[str]) -> Again:
    """Return how `agent` goes on, given what it was started with besides a prompt."""
    own = tuple(arguments)
    tells = agent.tells and bool(agent.resume)
    begun = agent.command(own, goes_on=bool(agent.goes_on) and not tells)
    told = agent.command(own, resumes=_ID) if tells else begun
    before = prepared(agent.prepare)
    with_id = join(["exec", *told]).replace(_ID, f'"${_ID}"', 1)
    return Again(before + with_id, before + join(["exec", *begun]))


def prepared(program: str) -> str:
    """Return shell that runs the program that is to be run before an agent, if it is there."""
    return f"[ ! -x {quote(program)} ] || {quote(program)}; " if program else ""


def forget(name: str) -> str:
    """Return shell by which the session that is over is not started again; `name` is tmux's."""
    return f"[ ! -x {OVER} ] || {OVER} {name}"


def script(again: Again, directory: str, before: str, opened: str) -> str:
    """Return the script of a session; `before` comes first in every login.

    `opened` is shell that opens the session `$name` in `$dir` with the shell command `$command`.
    """
    return f"""\
name=$1
{before}dir={quote_path(directory)}
[ -d "$dir" ] || dir=$HOME
{_ID}=$(head -c 100 "$0.id" 2>/dev/null)
case ${_ID} in
'' | *[!A-Za-z0-9-]*) command={quote(_in_login_shell(again.else_))} ;;
*) command={quote(_in_login_shell(again.told))} ;;
esac
export {_ID}
{opened}"""


def note_script(text: str) -> str:
    """Return shell that notes the script `text` for the session `$name`, if that is wanted."""
    wait = f"until [ -e {PLACE}/set ]; do sleep 1; done\n"
    return f"""\
if [ -e {WANTED} ]; then
  again={quote_path(FOLDER)}
  mkdir -p "$again"
  rm -f "$again/$name.id"
  {{ [ ! -e {PLACE}/set ] || printf %s {quote(wait)}; printf %s {quote(text)}; }} > "$again/$name"
fi
"""


def _in_login_shell(pane: str) -> str:
    # As `sessions.py` starts an agent: it sees the PATH and locale that a person would.
    return f"exec bash -lc {quote(pane)}"
