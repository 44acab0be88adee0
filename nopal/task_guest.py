"""The machine's side of headless tasks: the shell that runs one, and the look at how it fares.

A task runs in a tmux session of its own and needs nobody. It waits for one of the machine's places,
which are locks: whatever ends a task frees its place, and the first one that waits gets it. All
that it leaves is in a folder, of which `out` comes to the host. What the guest says is hostile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provision.shell import join, quote, quote_path

from .sessions import TMUX, Session, detached_script
from .task_records import TaskRecord
from .workplace import Workplace

FOLDER = "~/.local/state/nopal/tasks"
AT_ONCE = 2
"""Tasks that run side by side in one machine; the others wait."""
TRANSCRIPT, DIFF = "transcript", "diff"
_MOST_TRANSCRIPT = 32 << 20
_MOST_DIFF = 8 << 20
_KILLED_AFTER_S = 20
_TRIES_EVERY_S = 3

# A second index, so that files git does not know yet are shown, and the agent's own is untouched.
_DIFF = """\
base=$(cat "$dir/base")
export GIT_INDEX_FILE="$dir/index"
git read-tree HEAD && git add --all . && git --no-pager diff --cached --no-ext-diff "$base"
"""


@dataclass(frozen=True)
class Commands:
    """The agent's command lines for a task."""

    first: tuple[str, ...]
    again: tuple[str, ...]
    """Where an earlier run was interrupted."""


def out_folder(record: TaskRecord) -> str:
    """Return the folder of the machine that holds what came of a task."""
    return f"{FOLDER}/{record.number}/out"


def start_script(record: TaskRecord, place: Workplace, commands: Commands) -> str:
    """Return shell that makes the worktree and starts the task; see `sessions.read_detached`."""
    session = Session(
        name=record.session,
        program="sh",
        directory=place.directory,
        arguments=("-c", f"exec bash {_folder(record)}/run"),
        agent=record.agent,
        before=place.before,
        alone=True,
    )
    prepare = f"""\
umask 077
dir={_folder(record)}
mkdir -p "$dir/out" {quote_path(FOLDER)}/places
echo queued > "$dir/state"
printf %s {quote(run_script(record, place.directory, commands))} > "$dir/run"
"""
    return prepare + detached_script(session)


def _folder(record: TaskRecord) -> str:
    return quote_path(f"{FOLDER}/{record.number}")


def run_script(record: TaskRecord, tree: str, commands: Commands) -> str:
    """Return the shell that is the task."""
    limit = f"timeout --kill-after={_KILLED_AFTER_S} {record.timeout_s} "
    return f"""\
umask 077
dir={_folder(record)}
cd {quote_path(tree)} || exit 1
say() {{ echo "$*" > "$dir/state.new" && mv "$dir/state.new" "$dir/state"; }}
[ -s "$dir/base" ] || git rev-parse HEAD > "$dir/base"
# Who waits holds a lock, so that later tasks let it go first.
exec 8> "$dir/waiting"
flock 8
is_next() {{
  for other in {quote_path(FOLDER)}/[0-9]*/waiting; do
    number=${{other%/waiting}}
    [ "${{number##*/}}" -ge {record.number} ] || flock -n "$other" true || return 1
  done
}}
place=
while [ -z "$place" ]; do
  for n in $(seq {AT_ONCE}); do
    is_next || break
    exec 9> {quote_path(FOLDER)}/places/$n
    if flock -n 9; then place=$n; break; fi
  done
  [ -n "$place" ] || sleep {_TRIES_EVERY_S}
done
exec 8>&-
say running
if [ -s "$dir/out/{TRANSCRIPT}" ]; then
  set -- {join(commands.again)}
else
  set -- {join(commands.first)}
fi
{{
  {limit}"$@" </dev/null 2>&1 9>&-
  echo $? > "$dir/status"
}} | {{ stdbuf -o0 head -c {_MOST_TRANSCRIPT}; cat > /dev/null; }} | tee -a "$dir/out/{TRANSCRIPT}"
( {_DIFF}) 2>&1 | head -c {_MOST_DIFF} > "$dir/out/{DIFF}"
status=$(cat "$dir/status")
say ended "$status"
exit "$status"
"""


def diff_script(record: TaskRecord, tree: str) -> str:
    """Return shell that prints what a task changed so far."""
    return f"dir={_folder(record)}\ncd {quote_path(tree)} || exit 1\n{_DIFF}"


def end_script(record: TaskRecord, *, kills: bool) -> str:
    """Return shell that closes the session of a task; with `kills` its processes end first."""
    session = quote(f"={record.session}")
    # `timeout` has a group of its own, which the end of a terminal does not reach.
    kill = f"""\
pid=$({TMUX} display-message -p -t {quote(f"={record.session}:")} '#{{pane_pid}}' 2>/dev/null)
[ -z "$pid" ] || pkill -TERM -s "$pid" || :
"""
    return (kill if kills else "") + f"{TMUX} kill-session -t {session} 2>/dev/null || :\n"


def look_script(records: Iterable[TaskRecord]) -> str:
    """Return shell that says how these tasks fare; `read_look` reads it."""
    numbers = " ".join(str(one.number) for one in records)
    return f"""\
for n in {numbers}; do
  lives=no
  [ "$({TMUX} display-message -p -t "=task-$n:" '#{{pane_dead}}' 2>/dev/null)" = 0 ] && lives=yes
  said=$(head -c 40 {quote_path(FOLDER)}/$n/state 2>/dev/null | head -n 1)
  echo "task|$n|$lives|$said"
done
echo end
"""


@dataclass(frozen=True)
class Fare:
    """How one task fares, as its machine says."""

    word: str
    """`queued`, `running` or `ended`; "" where nothing is known of it."""
    lives: bool
    status: int = 0
    """How its agent ended."""


_LINE = re.compile(r"task\|(\d{1,9})\|(yes|no)\|(?:(queued|running)|(ended) (\d{1,3})|)")


def read_look(lines: Sequence[str]) -> dict[int, Fare] | None:
    """Return how tasks fare by number; None for an answer that is cut short."""
    if not lines or lines[-1] != "end":
        return None
    found = filter(None, map(_LINE.fullmatch, lines))
    return {
        int(one[1]): Fare(one[3] or one[4] or "", one[2] == "yes", int(one[5] or 0))
        for one in found
    }
