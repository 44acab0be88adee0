"""The host's time zone by name, for a guest whose clock shall read the same."""

from __future__ import annotations

import re
from pathlib import Path

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_UTC = "Etc/UTC"


def host_timezone(root: Path = Path("/")) -> str:
    """Return a name of the tz database; `Etc/UTC` where the host does not tell.

    Looks at the link /etc/localtime (Linux and macOS), then at Debian's /etc/timezone.
    """
    link = root / "etc/localtime"
    if link.is_symlink():
        _before, found, name = str(link.readlink()).partition("zoneinfo/")
        if found and _NAME.fullmatch(name):
            return name
    try:
        name = (root / "etc/timezone").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return _UTC
    return name if _NAME.fullmatch(name) else _UTC
