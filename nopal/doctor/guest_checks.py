"""Checks of what a guest tells of itself: its clock, names, disk, mounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .. import guest_look
from ..sizes import in_words
from .finding import Check, Finding, good
from .visit import Visit

MOST_SKEW_S = 2.0
"""Certificates, build tools and git mind no less than this."""
LEAST_FREE = 1024**3
LEAST_FREE_SHARE = 0.05
_HOST_FOLDERS = frozenset({"9p", "virtiofs", "fuse.sshfs"})
_NO_ANSWER = "it gave no answer that can be read"


def clock_check(visit: Visit, name: str, set_clock: Callable[[], object]) -> Check:
    """Return the check of the guest's clock, which `set_clock` sets."""

    def look() -> Finding:
        told = visit.told()
        clock = guest_look.clock(told.answers)
        fix = f"inv doctor --fix -p {name}"
        if clock is None:
            return Finding(False, _NO_ANSWER, fix)
        # It was read at some time in between; what cannot be told apart is no skew.
        skew = max(told.asked - clock, clock - told.answered, 0.0)
        if skew <= MOST_SKEW_S:
            return good(f"within {MOST_SKEW_S:.0f} s of this computer's")
        side = "behind" if clock < told.asked else "ahead of"
        says = f"{skew:.0f} s {side} this computer's"
        return Finding(False, says, fix, visit.then_anew(set_clock))

    return Check("clock", look)


def names_check(visit: Visit, name: str, resolves_here: Callable[[str], bool]) -> Check:
    """Return the check of name resolution; `resolves_here` tells whether this computer can."""

    def look() -> Finding:
        found = guest_look.names(visit.told().answers)
        outside = guest_look.OUTSIDE
        if found is None:
            return Finding(False, _NO_ANSWER, f"inv restart -p {name}")
        finds_host, finds_outside = found
        if not finds_host:
            says = "it does not find host.lima.internal: Lima's resolver does not answer"
            return Finding(False, says, f"inv restart -p {name}")
        if finds_outside:
            return good(f"finds {outside}")
        if not resolves_here(outside):
            return good(f"{outside} is found neither there nor here")
        fix = f"inv run 'resolvectl status' -p {name}   # who is asked there"
        return Finding(False, f"this computer finds {outside}, and it does not", fix)

    return Check("names", look)


def disk_checks(visit: Visit, name: str) -> tuple[Check, ...]:
    """Return the checks of the guest's `/`: that it can be written, and has room."""

    def writable() -> Finding:
        root = next((m for m in guest_look.mounts(visit.told().answers) if m.target == "/"), None)
        if root is None:
            return Finding(False, _NO_ANSWER, f"inv restart -p {name}")
        if root.is_writable:
            return good("/ can be written")
        fix = f"inv restart -p {name}   # checks its file system; why: inv logs -p {name}"
        return Finding(False, "/ is read-only, as after an error of the disk", fix)

    def room() -> Finding:
        disk = guest_look.disk(visit.told().answers)
        if disk is None:
            return Finding(False, _NO_ANSWER, f"inv restart -p {name}")
        says = f"{in_words(disk.free)} free of {in_words(disk.total)}"
        fix = f"free some: inv ssh -p {name}; or raise its `disk`, then: inv restart -p {name}"
        if disk.free < max(LEAST_FREE, disk.total * LEAST_FREE_SHARE):
            return Finding(False, f"nearly full: {says}", fix)
        if disk.files and disk.free_files < disk.files * LEAST_FREE_SHARE:
            return Finding(False, f"nearly all {disk.files} files are in use", fix)
        return good(says)

    return Check("file system", writable), Check("disk", room)


def credentials_check(visit: Visit, name: str) -> Check:
    """Return the check that no credential has appeared in a machine that is to have none."""

    def look() -> Finding:
        found = guest_look.credential_files(visit.told().answers)
        if found is None:
            return Finding(False, _NO_ANSWER, f"inv restart -p {name}")
        if found:
            says = f"it holds what looks like credentials: {', '.join(found)}"
            return Finding(False, says, f"remove what you did not mean to give: inv ssh -p {name}")
        return good("none in its home but agents' own logins")

    return Check("credentials", look)


def mounts_check(visit: Visit, name: str, wanted: Mapping[str, bool]) -> Check:
    """Return the check that of this computer's folders just the `wanted` are in the guest.

    By the folder, whether it is to be writable there.
    """

    def look() -> Finding:
        mounts = guest_look.mounts(visit.told().answers)
        modes = {mount.target: mount.is_writable for mount in mounts if mount.kind in _HOST_FOLDERS}
        there = set(modes)
        restart = f"inv restart -p {name}"
        if missing := sorted(set(wanted) - there):
            return Finding(False, f"not mounted: {', '.join(missing)}", restart)
        if more := sorted(there - set(wanted)):
            says = f"mounted, and not asked for when it started: {', '.join(more)}"
            return Finding(False, says, restart)
        if other := sorted(path for path in there if modes[path] != wanted[path]):
            says = f"not as it was asked for, `ro` or `rw`: {', '.join(other)}"
            return Finding(False, says, restart)
        return good(", ".join(sorted(there)) or "nothing of this computer")

    return Check("mounts", look)
