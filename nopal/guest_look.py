"""What a guest says of itself beside its steps: questions that cost no exec of their own.

A guest is hostile. An answer that is not of the expected form counts as none, and what is kept of
one is numbers, names of known letters, and texts that whoever shows them makes printable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provision.look import Question

from . import credentials, session_look
from .secret_delivery import PLACE

Answers = Mapping[str, str | None]

UPTIME = Question("uptime", "cat /proc/uptime")
CLOCK = Question("clock", "date +%s.%N")
MEMORY = Question("memory", "sed -n 's/^Mem\\(Total\\|Available\\): *//p' /proc/meminfo")
DISK = Question("disk", "stat -f -c '%S %b %a %c %d' /")
MOUNTS = Question(
    "mounts",
    "awk '$2 == \"/\" || $3 ~ /^(9p|virtiofs|fuse.sshfs|nfs4?|cifs)$/ {print $2, $3, $4}'"
    " /proc/self/mounts",
)
SESSIONS = Question("sessions", session_look.SCRIPT)
SECRETS = Question("secrets", f"cat {PLACE}/set 2>/dev/null || :")
CREDENTIALS = Question("credentials", f"{credentials.quick_script()} | sort; echo asked")
OUTSIDE = "deb.debian.org"
"""A name that a machine needs: its packages come from there, or from what answers by that name."""
NAMES = Question(
    "names",
    f"for name in host.lima.internal {OUTSIDE}; do\n"
    'timeout 10 getent ahosts "$name" >/dev/null && echo yes || echo no\ndone',
)
# Only root is told who listens.
LISTENERS = Question("listeners", "ss -H -l -t -u -n -p", run_as="root")

_MOST = 500
"""Lines of one answer that are looked at."""
_LAST_PORT = 65535
_PROGRAM = re.compile(r'users:\(\("([^"]{1,64})",pid=(\d{1,10})')
_ADDRESS = re.compile(r"\[?([0-9a-fA-F:.*]{1,45})\]?(?:%[\w.-]{1,15})?\]?:(\d{1,5})")


@dataclass(frozen=True)
class Disk:
    """The file system of `/`, in bytes and files."""

    total: int
    free: int
    files: int
    free_files: int


@dataclass(frozen=True)
class GuestMount:
    """A mount of the guest: its `/`, or a folder that comes from elsewhere."""

    target: str
    kind: str
    is_writable: bool


@dataclass(frozen=True, order=True)
class Listener:
    """A program of the guest that waits for connections."""

    port: int
    proto: str
    address: str
    """`*`, `0.0.0.0`, `127.0.0.1`, `::1`, …"""
    program: str = ""
    pid: int = 0

    @property
    def is_local(self) -> bool:
        """Whether only the guest itself can connect."""
        return self.address.startswith("127.") or self.address == "::1"


def uptime_s(answers: Answers) -> float | None:
    """Return how long ago the guest booted."""
    return _number(_lines(answers, UPTIME)[:1], r"(\d{1,10}\.\d{1,9}) .*")


def clock(answers: Answers) -> float | None:
    """Return the guest's time, in seconds since 1970."""
    return _number(_lines(answers, CLOCK)[:1], r"(\d{1,11}\.\d{1,9})")


def memory(answers: Answers) -> tuple[int, int] | None:
    """Return the guest's memory and what of it is available, in bytes."""
    found = [re.fullmatch(r"(\d{1,15}) kB", line) for line in _lines(answers, MEMORY)]
    match found:
        case [re.Match() as total, re.Match() as available]:
            return int(total[1]) * 1024, int(available[1]) * 1024
    return None


def disk(answers: Answers) -> Disk | None:
    """Return how full the guest's disk is."""
    lines = _lines(answers, DISK)
    found = re.fullmatch(r"(\d{1,9})" + r" (\d{1,18})" * 4, lines[0]) if lines else None
    if found is None:
        return None
    block, total, free, files, free_files = map(int, found.groups())
    return Disk(total * block, free * block, files, free_files)


def names(answers: Answers) -> tuple[bool, bool] | None:
    """Return whether the guest finds its host by name, and `OUTSIDE`."""
    match _lines(answers, NAMES):
        case [("yes" | "no") as host, ("yes" | "no") as outside]:
            return host == "yes", outside == "yes"
    return None


def mounts(answers: Answers) -> tuple[GuestMount, ...]:
    """Return the guest's `/` and what is mounted in it from elsewhere."""
    found = (re.fullmatch(r"(/\S*) (\S{1,32}) (\S+)", line) for line in _lines(answers, MOUNTS))
    return tuple(
        GuestMount(_unescaped(one[1]), one[2], "rw" in one[3].split(",")) for one in found if one
    )


def secrets_mark(answers: Answers) -> str:
    """Return the word that lies beside the secrets in its memory, or ""."""
    lines = _lines(answers, SECRETS)
    return lines[0] if len(lines) == 1 else ""


def credential_files(answers: Answers) -> tuple[str, ...] | None:
    """Return files of the guest's home that are called as credentials are; None: not told."""
    *found, last = _lines(answers, CREDENTIALS) or [""]
    return tuple(found) if last == "asked" else None


def sessions(answers: Answers) -> session_look.Look | None:
    """Return what the guest tells of the agents' sessions."""
    return session_look.read_look(_lines(answers, SESSIONS))


def listeners(answers: Answers) -> tuple[Listener, ...]:
    """Return who listens in the guest, by port."""
    return tuple(sorted(set(_listeners(_lines(answers, LISTENERS)))))


def _listeners(lines: list[str]) -> Iterator[Listener]:
    for line in lines:
        words = line.split(None, 6)
        match words:
            case ["tcp" | "udp" as proto, "LISTEN" | "UNCONN", _, _, local, _, *rest]:
                address = _ADDRESS.fullmatch(local)
                program = _PROGRAM.search(rest[0]) if rest else None
                if address and 0 < int(address[2]) <= _LAST_PORT:
                    yield Listener(
                        int(address[2]),
                        proto,
                        address[1],
                        program[1] if program else "",
                        int(program[2]) if program else 0,
                    )


def _lines(answers: Answers, question: Question) -> list[str]:
    return (answers.get(question.about) or "").split("\n", _MOST)[:_MOST]


def _number(lines: list[str], pattern: str) -> float | None:
    found = re.fullmatch(pattern, lines[0]) if lines else None
    return float(found[1]) if found else None


def _unescaped(path: str) -> str:
    """Return a path of /proc/mounts, in which blanks and backslashes are written in octal."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
