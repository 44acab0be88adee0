"""What the person's terminal is, for a guest that may not know it."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Mapping

_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


def term_and_terminfo(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return $TERM and its description in base64; both empty where there is no usable terminal."""
    term = environ.get("TERM", "")
    if not _TERM.fullmatch(term) or term == "dumb":
        return "", ""
    try:
        answer = subprocess.run(
            ["infocmp", "-x", term], capture_output=True, check=False, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return term, ""
    return term, base64.b64encode(answer.stdout).decode() if answer.returncode == 0 else ""
