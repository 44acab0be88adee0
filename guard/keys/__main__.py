"""`python -m guard.keys DIRECTORY [SOCKETS]`: the broker's process, until it is told to stop."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import signal
import sys
import time
from pathlib import Path

from .audit import AuditLog
from .broker import Broker
from .control_server import LIMIT, ControlServer
from .desktop import desktop_part
from .own_folder import NotOurFolder, own_folder
from .places import Places, places
from .socket_folder import held

LINGERS_S = 60.0
"""A broker that no machine needs ends by itself."""
LOOKS_EVERY_S = 15.0
OTHER_WITHIN_S = 15.0
WONT_BEGIN = 3


async def run(
    here: Places, lingers_s: float = LINGERS_S, looks_every_s: float = LOOKS_EVERY_S
) -> None:
    """Serve until told to stop, or until there has been nothing to do for a while."""
    log = AuditLog(here.log)
    broker = Broker(here, log, desktop_part(os.environ))
    control = ControlServer(broker)
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, control.is_over.set)
    await broker.begin()
    here.control.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(control.serve, here.control, limit=LIMIT)
    here.control.chmod(0o600)
    try:
        idle_s = 0.0
        # Somebody may remove the directory; what runs on then could not be reached any more.
        while idle_s < lingers_s and not control.is_over.is_set() and here.control.exists():
            idle_s = 0.0 if broker.is_needed else idle_s + looks_every_s
            try:
                await asyncio.wait_for(control.is_over.wait(), looks_every_s)
            except asyncio.TimeoutError:
                continue
    finally:
        here.control.unlink(missing_ok=True)
        server.close()
        await broker.end()
        broker.note("ended")
        log.close()


def main(arguments: list[str]) -> int:
    """Run the broker; 0 when it ended as it should or when another one runs already.

    WONT_BEGIN when there is no use in starting it again before somebody has changed something.
    """
    os.umask(0o077)
    directory, *rest = map(Path, arguments)
    here = places(directory, *rest)
    if not here.directory.is_dir():
        return 0  # it was removed while this process began
    try:
        with own_folder(here.directory) as descriptor:
            os.fchmod(descriptor, 0o700)  # whoever made it
        for folder in (here.projects, here.own_keys):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not _is_the_only_one(here):
            return 0
        with held(here.sockets):
            _set_limits()
            asyncio.run(run(here))
    except NotOurFolder as error:
        sys.stderr.write(f"{error}\n")
        return WONT_BEGIN
    return 0


def _set_limits() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 65536) if most > 0 else 65536, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # keys of projects are in this memory


def _is_the_only_one(here: Places) -> bool:
    """Take the lock for as long as this process lives; False where another broker serves.

    One that has begun and does not serve yet, or no more, is waited for.
    """
    lock = os.open(here.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + OTHER_WITHIN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if here.control.exists() or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
