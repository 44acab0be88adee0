"""What the broker sees of machines: files alone, which nopal names in the policy.

A lock goes with the process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from .policy import KeyPolicy


def is_needed(policy: KeyPolicy) -> bool:
    """Whether the machine of `policy` may need it now; always, where no file tells."""
    return not policy.runs or Path(policy.runs).exists() or is_locked(policy.lock)


def is_locked(path: str) -> bool:
    """Whether some process holds the file at `path`, by itself or with others."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
