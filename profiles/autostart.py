"""Agents' sessions begin again when the machine boots, with the conversations that they had.

For machines that reboot by themselves, or are stopped and started often. A session that ran when
the machine stopped is started as it was, without its first prompt: Claude Code and Codex with the
conversation that they had, others with the last one of the folder. It then waits for words: nobody
tells the agent to go on with what it was doing. In a project with secrets it begins when the
machine has them again, which `inv up` brings.

A session whose agent ended by itself stays ended, and so does a headless task: `inv tasks.resume`.
"""

from __future__ import annotations

from collections.abc import Iterator

from provision import Check, Command, File, Link, Step
from provision.shell import quote

from .data import read_data
from .guest import Guest
from .profile import profile

_FOLDER = "/usr/local/lib/nopal"
_UNIT = "nopal-sessions.service"
_SERVICE = f"""\
[Unit]
Description=Sessions of coding agents that ran when the machine stopped

[Service]
ExecStart={_FOLDER}/start-sessions
# tmux, which it starts, goes on in it.
RemainAfterExit=yes
# An agent that does not end holds up nobody's shutdown.
TimeoutStopSec=10

[Install]
WantedBy=default.target
"""


@profile
def autostart(guest: Guest) -> Iterator[Step]:
    """Agents' sessions begin again when the machine boots."""
    for name in ("start-sessions", "session-over"):
        yield File(f"{_FOLDER}/{name}", read_data(f"{name}.sh"), mode="0755")
    yield File(f"/etc/systemd/user/{_UNIT}", _SERVICE)
    yield Link(f"/etc/systemd/user/default.target.wants/{_UNIT}", f"/etc/systemd/user/{_UNIT}")
    # Whoever starts a session looks for this file.
    yield File("/etc/nopal/autostart", "# nopal: sessions are started again at boot\n")
    user = quote(guest.user)
    # Without it systemd starts the person's units at the first login only.
    yield Command(f"loginctl enable-linger {user}", unless=f"[ -e /var/lib/systemd/linger/{user} ]")
    yield Check(f"systemctl --global is-enabled {_UNIT}", matches="^enabled")
