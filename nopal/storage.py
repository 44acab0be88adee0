"""What nopal keeps on this computer's disk, and what of it can go: the rows of `inv df`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .columns import in_columns
from .names import BAKE_PREFIX
from .sizes import in_words

if TYPE_CHECKING:
    from lima.goldens import Golden

    from .driver import Driver

_BLOCK = 512


@dataclass(frozen=True)
class Item:
    """Something that takes space."""

    kind: Literal["machine", "golden", "leftover", "image", "log"]
    name: str
    used_bytes: int
    freed_bytes: int = 0
    """What `inv prune` would give back of it."""
    remark: str = ""


def items(
    driver: Driver,
    wanted: Collection[str],
    images: Path,
    logs: Path,
    *,
    kept: Collection[str] = (),
) -> tuple[Item, ...]:
    """Return all that takes space; `wanted` are the keys of the goldens that a project uses.

    `kept` are the machines with checkpoints: to look at those of one costs a process.
    """
    found: list[Item] = []
    for instance in driver.list():
        used = driver.disk_in_use(instance)
        is_baking = instance.name.startswith(BAKE_PREFIX)
        found.append(
            Item("leftover", instance.name, used, used, "a golden machine was being made")
            if is_baking
            else Item("machine", instance.name, used, remark=_kept(driver, instance.name, kept))
        )
    goldens = driver.goldens
    found += [
        _golden(
            golden,
            goldens.used_bytes(golden),
            goldens.machines_using(golden),
            is_wanted=golden.key in wanted,
        )
        for golden in goldens.all()
    ]
    for _key, path in goldens.leftovers():
        used = used_bytes(path)
        found.append(Item("leftover", path.name, used, used))
    found += _images(images)
    found.append(Item("log", logs.name, used_bytes(logs)))
    return tuple(found)


def used_bytes(path: Path) -> int:
    """Return the bytes that a file, or a folder with all in it, takes: blocks, not lengths."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_blocks * _BLOCK if os.path.lexists(path) else 0
    return sum(used_bytes(child) for child in path.iterdir())


def as_data(table: Sequence[Item]) -> list[dict[str, object]]:
    """Return the rows for `--json`."""
    return [asdict(item) for item in table]


def as_text(table: Sequence[Item]) -> str:
    """Return the rows for a person, in columns, with a sum."""
    cells = [("KIND", "NAME", "USED", "PRUNE FREES", "")]
    cells += [
        (
            item.kind,
            item.name,
            in_words(item.used_bytes),
            in_words(item.freed_bytes) if item.freed_bytes else "-",
            item.remark,
        )
        for item in table
    ]
    used = in_words(sum(item.used_bytes for item in table))
    cells.append(("", "", used, in_words(sum(item.freed_bytes for item in table)), ""))
    return in_columns(cells)


def _images(folder: Path) -> Iterator[Item]:
    from lima.image_build import outdated  # noqa: PLC0415 - for this table alone

    old = outdated(folder)
    for path in _in(folder):
        used = used_bytes(path)
        yield (
            Item("image", path.name, used, used, "no new machine begins from it")
            if path in old
            else Item("image", path.name, used)
        )


def _kept(driver: Driver, name: str, kept: Collection[str]) -> str:
    found = driver.checkpoints.list(name) if name in kept else ()
    if not found:
        return ""
    count = f"{len(found)} {'checkpoint' if len(found) == 1 else 'checkpoints'}"
    memory = sum(one.memory_bytes for one in found)
    return f"{count}, {in_words(memory)} of memory" if memory else count


def _golden(golden: Golden, used: int, machines: int, *, is_wanted: bool) -> Item:
    words = [" ".join(golden.parts), f"of {golden.made}"]
    if machines:
        words.append(f"under {machines} {'machine' if machines == 1 else 'machines'}")
    if not is_wanted:
        words.append("no project begins from it")
    # A machine that stands on it keeps the space: removing the name alone gives nothing back.
    freed = 0 if is_wanted or machines else used
    return Item("golden", golden.key, used, freed, ", ".join(words))


def _in(folder: Path) -> Iterator[Path]:
    # Hidden are locks, and images that are being built.
    seen = folder.glob("[!.]*") if folder.is_dir() else ()
    return iter(sorted(seen))
