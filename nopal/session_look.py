"""A look at the agents' sessions of one machine: the shell that asks, and how it is read.

What an agent told of itself stands at its tmux pane (`profiles/agent_hooks.py`). Anything in the
machine may write there, so all of it is hostile: what does not fit is dropped. What it means is up
to `agent_states.py`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from provision.shell import quote, quote_path

from .screen import printable
from .sessions import RECORDS, SESSION_NAME, TMUX

_MOST = 40
"""Sessions that are looked at in one machine."""
_LOWEST_LINES = 6
_LONGEST = 300
"""Letters of a question, and of each line of a screen."""

_FORMAT = "|".join(
    (
        "pane",
        "#{pane_id}",
        "#{session_name}",
        "#{@nopal_agent}",
        "#{pane_dead}",
        "#{pane_dead_status}",
        "#{pane_dead_signal}",
        "#{window_activity}",
        "#{session_attached}",
        "#{@nopal_alone}",
        "#{@nopal_state}",
    )
)
# tmux may miss that a program ended (seen with 3.3a: it stays a zombie). It then neither knows how
# nor runs its hooks, until it hears of another.
SCRIPT = f"""
echo "now|$(date +%s)"
panes() {{
  {TMUX} list-panes -a -F {quote(_FORMAT)} 2>/dev/null | grep -a '^pane|%[0-9]*|[^|]*|[^|]' |
    head -n {_MOST}
}}
found=$(panes)
case $found in *'|1|||'*) {TMUX} run-shell true && found=$(panes) ;; esac
[ -z "$found" ] || printf '%s\\n' "$found" | while IFS='|' read -r kind id rest; do
    printf '%s|%s|%s\\n' "$kind" "$id" "$rest"
    printf 'screen|%s|' "$id"
    {TMUX} capture-pane -p -t "$id" </dev/null 2>/dev/null | grep -av '^ *$' |
      tail -n {_LOWEST_LINES} | head -c 8000 | base64 -w 0
    echo
done
cd {quote_path(RECORDS)} 2>/dev/null && for record in *; do
  [ -f "$record" ] && printf 'record|%s|%s|%s\\n' "$record" "$(stat -c %Y -- "$record")" \\
    "$(head -c 64 -- "$record" | head -n 1)"
done | head -n {_MOST}
echo end
"""
_AGENT = r"[a-z0-9][a-z0-9-]{0,63}"
_PANE = re.compile(
    rf"pane\|(%\d{{1,9}})\|({SESSION_NAME.pattern})\|({_AGENT})\|([01])\|(\d{{0,3}})\|(\w{{0,9}})"
    r"\|(\d{1,12})\|(\d{1,6})\|(1?)\|(?:([a-z]{1,16}) (\d{1,12}) ([A-Za-z0-9+/=]{0,1000}))?"
)
_SCREEN = re.compile(r"screen\|(%\d{1,9})\|([A-Za-z0-9+/=]{0,12000})")
_RECORD = re.compile(rf"record\|({SESSION_NAME.pattern})\|(\d{{1,12}})\|({_AGENT})")


@dataclass(frozen=True)
class Told:
    """What an agent's hook last told."""

    word: str
    since: int
    """By the machine's clock, in seconds since 1970, as all times here."""
    question: str = ""


@dataclass(frozen=True)
class Pane:
    """One session's pane."""

    session: str
    agent: str
    """The profile that describes the agent."""
    last_output: int
    has_ended: bool = False
    status: int | None = None
    """The agent's exit status, where it ended by itself."""
    signal: str = ""
    """What ended it else."""
    is_attached: bool = False
    is_alone: bool = False
    """Whether the agent works without a terminal, and ends when it is done."""
    told: Told | None = None
    screen: tuple[str, ...] = ()
    """The lowest lines that hold anything."""


@dataclass(frozen=True)
class Record:
    """That a session was started, and not closed since."""

    session: str
    agent: str
    started: int


@dataclass(frozen=True)
class Look:
    """What one machine answered."""

    now: int
    panes: tuple[Pane, ...] = ()
    records: tuple[Record, ...] = ()


@dataclass
class _Reader:
    now: int = 0
    has_end: bool = False
    panes: dict[str, Pane] = field(default_factory=dict)
    screens: dict[str, tuple[str, ...]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)


def read_look(lines: Iterable[str]) -> Look | None:
    """Return what the machine answered, or None when it did not answer to the end."""
    found = _Reader()
    for line in lines:
        kind = line.partition("|")[0]
        if kind == "now" and re.fullmatch(r"now\|\d{1,12}", line):
            found.now = int(line[4:])
        elif kind == "pane" and (match := _PANE.fullmatch(line)) and len(found.panes) < _MOST:
            found.panes.setdefault(match[1], _pane(match))
        elif kind == "screen" and (match := _SCREEN.fullmatch(line)):
            found.screens[match[1]] = tuple(_lines(_decoded(match[2])))[-_LOWEST_LINES:]
        elif kind == "record" and (match := _RECORD.fullmatch(line)):
            found.records.append(Record(match[1], match[3], int(match[2])))
        elif line == "end":
            found.has_end = True
    if not found.has_end or not found.now:
        return None
    panes = (
        replace(pane, screen=found.screens.get(pane_id, ()))
        for pane_id, pane in found.panes.items()
    )
    return Look(found.now, tuple(panes), tuple(found.records[:_MOST]))


def _pane(match: re.Match[str]) -> Pane:
    told = None
    if match[10]:
        question = " ".join(_lines(_decoded(match[12])))[:_LONGEST]
        told = Told(match[10], int(match[11]), question)
    return Pane(
        session=match[2],
        agent=match[3],
        has_ended=match[4] == "1",
        status=int(match[5]) if match[5] else None,
        signal=match[6],
        last_output=int(match[7]),
        is_attached=int(match[8]) > 0,
        is_alone=match[9] == "1",
        told=told,
    )


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except binascii.Error:
        return ""


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if shown := printable(line).strip():
            yield shown[:_LONGEST]
