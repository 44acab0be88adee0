"""`timeout(seconds)` of asyncio, which Python has from 3.11 on.

Unlike asyncio.wait_for before 3.12 it makes no task, and so no detour through the event loop: a
signature needs half a dozen of them.
"""

from __future__ import annotations

import sys

if sys.version_info >= (3, 11):
    from asyncio import timeout
else:
    from async_timeout import timeout

__all__ = ["timeout"]
