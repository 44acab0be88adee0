"""What a machine with folders of its host has: a word for folders that are to be its own."""

from __future__ import annotations

from collections.abc import Iterator

from provision import Command, File, Link, Step

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


def mounted(guest: Guest) -> Iterator[Step]:
    """Bring `nmlocal` and `nmstatus`, and bind again what they bound."""
    if not guest.mounts:
        return
    yield File("/usr/local/bin/nmlocal", read_data("guest_nmlocal.py"), mode="0755")
    yield Link("/usr/local/bin/nmstatus", "nmlocal")
    yield Command(
        _EACH % (_KNOWN, 'systemctl start -- "${file##*/}"'),
        unless=_EACH % (_KNOWN, "exit 1"),
        name="folders of its own",
    )
