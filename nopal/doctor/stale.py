"""What dead processes left: files, locks, half-made things, processes without a machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

from lima.instance import Instance

from ..lock import is_held, locked
from ..names import BAKE_PREFIX
from ..state import StateError, StateStore
from .finding import Check, Finding, good

_OLD_S = 3600
"""Nothing nopal does leaves a temporary file in use for so long."""


class _InUse(Exception):
    """Another process holds the lock."""


def file_check(folder: Path, machines: Collection[str], now: float | None = None) -> Check:
    """Return the check of the state folder: locks of no machine, files half written."""
    return Check("leftover files", partial(_files, folder, machines, now or time.time()))


def state_check(states: StateStore) -> Check:
    """Return the check that what is remembered of each machine can be read."""

    def look() -> Finding:
        faults = []
        names = states.names()
        for name in names:
            try:
                states.read(name)
            except StateError as error:
                faults.append(error)
        if not faults:
            return good(f"{len(names)} looked at; all can be read")
        says = "; ".join(str(fault).partition("\n")[0] for fault in faults)
        return Finding(False, says, str(faults[0]).partition("\n")[2])

    return Check("what is remembered", look)


def half_made_check(prune: Callable[[bool], Sequence[str]]) -> Check:
    """Return the check of half-made golden machines and forks.

    `prune` removes them and returns what each was; with True it only returns it.
    """

    def look() -> Finding:
        found = prune(True)
        if not found:
            return good("none")
        return Finding(False, f"half made: {'; '.join(found)}", "inv prune", partial(prune, False))

    return Check("half-made things", look)


def machine_checks(
    instances: Iterable[Instance], states: StateStore, is_locked: Callable[[str], bool]
) -> tuple[Check, ...]:
    """Return a check for each machine there is, or is remembered, of whether it is whole."""
    there = {one.name: one for one in instances if not one.name.startswith(BAKE_PREFIX)}
    names = sorted(there.keys() | set(states.names()))
    return tuple(
        Check(f"machine {name}", partial(_machine, name, there.get(name), states, is_locked))
        for name in names
    )


def process_check(
    folder: Path,
    instances: Iterable[Instance],
    processes: Callable[[], Iterable[tuple[int, Sequence[str]]]],
) -> Check:
    """Return the check that no process works on a machine that is stopped or gone.

    `folder` holds the machines; `processes` gives number and words of each process there is.
    """
    alive = [one.name for one in instances if one.status != "Stopped"]

    def look() -> Finding:
        lost = []
        for pid, words in processes():
            name = _works_on(words, folder)
            if name and name not in alive:
                lost.append((pid, name))
        if not lost:
            return good("none without a machine")
        says = ", ".join(f"process {pid} still works on {name}" for pid, name in lost)
        pids = " ".join(str(pid) for pid, _name in lost)
        return Finding(False, f"{says}, which does not run", f"kill {pids}")

    return Check("processes", look)


def _files(folder: Path, machines: Collection[str], now: float) -> Finding:
    hidden = [path for path in folder.glob(".*") if path.is_file()]
    locks = [path for path in hidden if path.suffix == ".lock"]
    stale = [path for path in locks if _name(path) not in machines and not is_held(path)]
    stale += [
        path for path in hidden if path.suffix != ".lock" and now - path.stat().st_mtime > _OLD_S
    ]
    if not stale:
        return good("none")
    names = ", ".join(path.name for path in stale)

    def mend() -> None:
        for path in stale:
            if path.suffix == ".lock":
                with locked(path, _refuse):
                    path.unlink(missing_ok=True)
            else:
                path.unlink(missing_ok=True)

    return Finding(False, f"in {folder}, of no use any more: {names}", "inv doctor --fix", mend)


def _machine(
    name: str, instance: Instance | None, states: StateStore, is_locked: Callable[[str], bool]
) -> Finding:
    up, destroy = f"inv up -p {name}", f"inv destroy -p {name}"
    if is_locked(name):
        return good("another nopal command is working on it")
    state = states.read(name)
    if instance is None:
        return Finding(
            False,
            "it is remembered, and is not there: making it or ending it was cut short",
            f"{up}   # to have it; to forget it: {destroy}",
        )
    if state.is_twin:
        return Finding(False, "its making was cut short", f"{up}   # makes it anew")
    if instance.is_broken:
        said = "; ".join(map(str, instance.errors)) or "a part of it ended without the rest"
        return Finding(False, f"{instance.status.lower()}: {said}", up)
    return good(instance.status.lower())


def _works_on(words: Sequence[str], folder: Path) -> str:
    """Return the machine whose files QEMU was started with, if `words` are its command."""
    if not words or not Path(words[0]).name.startswith("qemu-system-"):
        return ""
    front = f"{folder}/"
    inside = (word.partition(front)[2] for word in words if front in word)
    return next((rest.partition("/")[0] for rest in inside if "/" in rest), "")


def _name(lock: Path) -> str:
    return lock.name.removeprefix(".").removesuffix(".lock")


def _refuse(_holder: object) -> None:
    raise _InUse
