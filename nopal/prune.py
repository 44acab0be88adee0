"""Taking away goldens that nobody begins from, and what killed commands left behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .half_forks import HalfForks
from .lock import locked
from .names import BAKE_PREFIX
from .sizes import in_words
from .storage import used_bytes

if TYPE_CHECKING:
    from lima.goldens import Golden

    from .driver import Driver
    from .machine import Machine


class _InUse(Exception):
    """Another command is making this right now."""


@dataclass(frozen=True)
class Pruner:
    """Removes what only costs space."""

    driver: Driver
    machine: Callable[[str], Machine]
    half_forks: HalfForks
    images: Path | None = None
    """The folder of built images, where old ones go, too."""
    dry_run: bool = False

    def prune(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Remove what is of no use, and return it in words; goldens with a `wanted` key stay."""
        return (
            *self._bakes(),
            *self._forks(),
            *self._goldens(wanted),
            *self._leftovers(),
            *self._images(),
        )

    def _bakes(self) -> Iterator[str]:
        for instance in self.driver.list():
            if not instance.name.startswith(BAKE_PREFIX):
                continue
            used = self.driver.disk_in_use(instance)
            key = instance.name.removeprefix(BAKE_PREFIX)
            if self._removed(key, self.machine(instance.name).destroy):
                yield f"{instance.name}, half a golden machine ({in_words(used)})"

    def _forks(self) -> Iterator[str]:
        for name in self.half_forks.names():
            machine = self.machine(name)
            clear = partial(self.half_forks.clear, machine)
            if self._removed_under(machine.states.locked(name, _refuse), clear):
                yield f"{name}, half a fork"

    def _goldens(self, wanted: Collection[str]) -> Iterator[str]:
        for golden in self.driver.goldens.all():
            if golden.key in wanted:
                continue
            words = self._words(golden)
            if self._removed(golden.key, partial(self.driver.goldens.remove, golden.key)):
                yield words

    def _leftovers(self) -> Iterator[str]:
        for key, path in self.driver.goldens.leftovers():
            size = in_words(used_bytes(path))
            if self._removed(key, partial(shutil.rmtree, path)):
                yield f"{path.name}, half a golden disk ({size})"

    def _images(self) -> Iterator[str]:
        from lima.image_build import outdated  # noqa: PLC0415 - for this verb alone

        for path in outdated(self.images) if self.images else ():
            size = in_words(used_bytes(path))
            if not self.dry_run:
                shutil.rmtree(path)
            yield f"{path.name}, an image built by an earlier nopal ({size})"

    def _words(self, golden: Golden) -> str:
        goldens = self.driver.goldens
        machines = goldens.machines_using(golden)
        used = in_words(goldens.used_bytes(golden))
        freed = f"its {used} stay with {machines} machines" if machines else used
        return f"golden machine {golden.key}, {' '.join(golden.parts)} ({freed})"

    def _removed(self, key: str, remove: Callable[[], object]) -> bool:
        """Whether it goes; not while another command is making the golden of that key."""
        lock = locked(self.driver.goldens.lock_file(key), _refuse)
        return self._removed_under(lock, remove)

    def _removed_under(
        self, lock: AbstractContextManager[None], remove: Callable[[], object]
    ) -> bool:
        try:
            with lock:
                if not self.dry_run:
                    remove()
        except _InUse:
            return False
        return True


def _refuse(_holder: object) -> None:
    raise _InUse
