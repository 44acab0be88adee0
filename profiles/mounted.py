"""What a machine with folders of its host has: a word for folders that are to be its own.

And variables for programs that watch files, which no change of the host's would wake.
"""

from __future__ import annotations

from collections.abc import Iterator

from provision import Command, File, Line, Link, Step

from .data import read_data
from .guest import Guest

_KNOWN = "/etc/nopal/local"
_EACH = """\
for file in %s/*; do
    [ -f "$file" ] || continue
    folder=$(cat "$file")
    # What was moved away is said by nmstatus, and not made again.
    [ ! -d "${folder%%/*}" ] || mountpoint -q "$folder" || %s
done"""


# How programs are told to look each second for what changed: those of Node, then uvicorn and others
# in Python, then the compiler of TypeScript.
_POLLING = {
    "CHOKIDAR_USEPOLLING": "1",
    "CHOKIDAR_INTERVAL": "1000",
    "WATCHPACK_POLLING": "1000",
    "WATCHFILES_FORCE_POLLING": "true",
    "WATCHFILES_POLL_DELAY_MS": "1000",
    "TSC_WATCHFILE": "DynamicPriorityPolling",
    "TSC_WATCHDIRECTORY": "DynamicPriorityPolling",
}
_WATCH = "/etc/profile.d/nopal-watch.sh"
"""Read by login shells, and by commands after they went where they are to run."""


def mounted(guest: Guest) -> Iterator[Step]:
    """Bring `nmlocal` and `nmstatus`, bind again what they bound, and tell watchers to poll."""
    if not guest.mounts:
        return
    yield from _watching(guest)
    yield File("/usr/local/bin/nmlocal", read_data("guest_nmlocal.py"), mode="0755")
    yield Link("/usr/local/bin/nmstatus", "nmlocal")
    yield Command(
        _EACH % (_KNOWN, 'systemctl start -- "${file##*/}"'),
        unless=_EACH % (_KNOWN, "exit 1"),
        name="folders of its own",
    )


def _watching(guest: Guest) -> Iterator[Step]:
    """Write what shells set in a mounted folder; nothing where nobody is to poll."""
    folders = [f"{folder.rstrip('/')}/*" for folder in guest.mounts]  # of plain characters only
    variables = _POLLING if guest.polls else {}
    exports = " ".join(f"{name}={value}" for name, value in variables.items())
    line = f'case "$PWD/" in {" | ".join(folders)}) export {exports} ;; esac\n' if exports else ""
    yield File(_WATCH, f"# nopal: in a mounted folder, programs look for changes.\n{line}")
    if guest.shell == "zsh":
        yield Line("/etc/zsh/zshenv", f"[ ! -r {_WATCH} ] || . {_WATCH}")
    if guest.shell == "fish":
        patterns = " ".join(f"'{folder}'" for folder in folders)
        sets = "".join(f"    set -gx {name} {value}\n" for name, value in variables.items())
        block = f'switch "$PWD/"\n  case {patterns}\n{sets}end\n' if sets else ""
        yield File("/etc/fish/conf.d/nopal-watch.fish", f"# nopal: as {_WATCH}.\n{block}")
