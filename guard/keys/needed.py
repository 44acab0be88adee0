"""Whether a machine may need its keys: it runs, or a command is at work on it.

The broker knows machines by files alone, which nopal names in the policy.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from .policy import KeyPolicy


def is_needed(policy: KeyPolicy) -> bool:
    """Whether the machine of `policy` may need it now; always, where no file tells."""
    return not policy.runs or Path(policy.runs).exists() or _is_locked(policy.lock)


def _is_locked(path: str) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
