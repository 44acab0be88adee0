"""Watches what every process of this host shows of itself: arguments and environments."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def spying() -> Iterator[list[bytes]]:
    """Yield a list that fills with the arguments and environments of all other processes."""
    seen: set[bytes] = set()
    found: list[bytes] = []
    stop = threading.Event()

    def watch() -> None:
        own = str(os.getpid())
        while not stop.is_set():
            for process in Path("/proc").iterdir():
                if process.name.isdigit() and process.name != own:
                    for name in ("cmdline", "environ"):
                        try:
                            seen.add((process / name).read_bytes())
                        except OSError:
                            continue  # it ended, or is another's
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()
        found.extend(seen)
