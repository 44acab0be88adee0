"""Brings secrets into the memory of a running machine, and out of it again.

They travel as one line on the stdin of one exec, and land in a tmpfs of the login user's own:
nothing of them is in an argument, an environment or a file of this computer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from guard.secrets.secret import Secret, masked
from provision.shell import quote, quote_path

from .machine_errors import MachineError

PLACE = "/run/nopal/secrets"
SOURCE_SECRETS = "[ ! -r /etc/nopal/secrets.sh ] || . /etc/nopal/secrets.sh\n"
"""Shell by which a shell gets the secrets for the folder it stands in; `base` writes that file, and
has the login shells and those of agents, panes and scripts read it."""

_MOST_BYTES = "16m"

# Files are made in a new folder, and one link is then set to it: nobody sees half of them.
RECEIVE = """\
import json, os, shutil, sys, tempfile
place = sys.argv[1]
files = json.loads(sys.stdin.readline())
os.umask(0o077)
new = tempfile.mkdtemp(prefix=".set-", dir=place)
for name, text in files.items():
    path = os.path.join(new, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "x", encoding="utf-8", newline="") as file:
        file.write(text)
def link(target, name):
    made = os.path.join(new, ".link")
    os.symlink(target, made)
    os.rename(made, os.path.join(place, name))
link(os.path.basename(new), ".now")
for name in ("set", "env.sh", "env.fish", "secrets.json", "values", "repos", "dotenv"):
    link(os.path.join(".now", name), name)
for name in os.listdir(place):
    if name.startswith(".set-") and name != os.path.basename(new):
        shutil.rmtree(os.path.join(place, name))
"""

_HELD = """\
import json, os, sys
now = os.path.join(sys.argv[1], ".now")
held = {}
for folder, _, names in os.walk(now):
    if "secrets.json" in names:
        repo = os.path.relpath(folder, os.path.join(now, "repos"))
        with open(os.path.join(folder, "secrets.json"), encoding="utf-8") as file:
            held["" if repo == ".." else repo] = json.load(file)
print(json.dumps(held))
"""

# `noswap` came with Linux 6.4. The parent folder belongs to root, and holds other things, too.
_MAKE_PLACE = f"""\
if ! mountpoint -q {PLACE}; then
    sudo -n sh -c '
        set -e
        umask 022
        mkdir -p "$1"
        own="mode=0700,uid=$2,gid=$3,size={_MOST_BYTES},nosuid,nodev,noexec"
        mount -t tmpfs -o "noswap,$own" nopal-secrets "$1" 2>/dev/null ||
            mount -t tmpfs -o "$own" nopal-secrets "$1"
    ' sh {PLACE} "$(id -u)" "$(id -g)" </dev/null || exit 1
fi
"""
_GIVE = f"{_MAKE_PLACE}exec python3 -c {quote(RECEIVE)} {PLACE}"
_TAKE = f"if mountpoint -q {PLACE}; then find {PLACE} -mindepth 1 -delete; fi"
_LOOK = f"cat {PLACE}/set 2>/dev/null || true"
_TELL = f"exec python3 -c {quote(_HELD)} {PLACE}"


class Runs(Protocol):
    """What can run a script in the guest."""

    def run(self, script: str, on_line: Callable[[str], None], *, secret: str = "") -> int:
        """Run it as the login user; what is `secret` is a line on its standard input."""


@dataclass(eq=False)
class NotDelivered(MachineError):
    """The machine did not take, or not give up, its secrets."""

    machine: str
    reason: str

    def __str__(self) -> str:
        return (
            f"the secrets of {self.machine} could not be changed: {self.reason}\n"
            f"  try again: inv secrets --refresh -p {self.machine}"
        )


def give(guest: Runs, machine: str, files: Mapping[str, str]) -> None:
    """Put `files`, by their paths below the folder, in place of all that was there.

    Raises:
        NotDelivered: that failed; what was there before still is.
        GuestUnreachable.
    """
    # ASCII, and one line, whatever the values hold.
    _must_run(guest, machine, _GIVE, json.dumps(files), hidden=map(Secret, files.values()))


def take(guest: Runs, machine: str) -> None:
    """Remove all of them. Processes that have them in their environment keep them.

    Raises:
        NotDelivered, GuestUnreachable.
    """
    _must_run(guest, machine, _TAKE)


def link(guest: Runs, machine: str, files: Mapping[str, str]) -> None:
    """Let files of the home, given from `~/`, be the values of those names; "" ends that.

    A file that is no link of ours is left as it is: who logged in there by hand stays so.

    Raises:
        NotDelivered, GuestUnreachable.
    """
    lines = [
        "set -e",
        f'ours() {{ case $(readlink "$1") in {PLACE}/*) ;; *) return 1 ;; esac; }}',
    ]
    for path, name in files.items():
        lines.append(f"file={quote_path(path)}")
        if name:
            lines.append('mkdir -p "$(dirname "$file")"')
            lines.append(
                f'[ -e "$file" ] && ! ours "$file" || ln -sfn {PLACE}/values/{quote(name)} "$file"'
            )
        else:
            lines.append('! ours "$file" || rm -f "$file"')
    _must_run(guest, machine, "\n".join(lines))


def mark_in(guest: Runs) -> str:
    """Return the mark of what the guest has now, as it says, or "". Raises `GuestUnreachable`."""
    lines: list[str] = []
    guest.run(_LOOK, lines.append)
    return lines[0] if len(lines) == 1 else ""


def held_in(guest: Runs, machine: str) -> dict[str, dict[str, Secret]]:
    """Return what the guest says that it has, by folder and name.

    Raises:
        NotDelivered: it says nothing that can be understood.
        GuestUnreachable.
    """
    lines: list[str] = []
    guest.run(_TELL, lines.append)
    try:
        found = msgspec.json.decode("\n".join(lines), type=dict[str, dict[str, str]])
    except msgspec.DecodeError as error:
        raise NotDelivered(machine, "it does not tell what it has") from error
    return {
        folder: {name: Secret(value) for name, value in values.items()}
        for folder, values in found.items()
    }


def _must_run(
    guest: Runs, machine: str, script: str, secret: str = "", hidden: Iterable[Secret] = ()
) -> None:
    lines: list[str] = []
    status = guest.run(script, lines.append, secret=secret)
    if status != 0:
        said = lines[-1] if lines else f"exit status {status}"
        raise NotDelivered(machine, masked(said, hidden))
