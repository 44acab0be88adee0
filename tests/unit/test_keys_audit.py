"""The log: every line sealed with the one before, continued after a crash, verified whole."""

from __future__ import annotations

import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guard.keys.audit import AuditLog, Entry, LogBroken, read_log


def written(path: Path, count: int = 5) -> list[Entry]:
    log = AuditLog(path)
    for number in range(count):
        log.add(Entry(time=f"2026-01-01T00:00:0{number}", project="blog", reason="ä\n\x1b"))
    log.close()
    return list(read_log(path))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    entries = written(tmp_path / "log")
    assert [one.time[-1] for one in entries] == list("01234")
    assert len({one.chain for one in entries}) == 5


def test_the_log_is_its_writer_s_own(tmp_path: Path) -> None:
    (tmp_path / "log").touch(0o644)
    written(tmp_path / "log")
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_log_that_is_absent_has_no_entries(tmp_path: Path) -> None:
    assert list(read_log(tmp_path / "log")) == []


def test_another_writer_goes_on_where_the_last_ended(tmp_path: Path) -> None:
    written(tmp_path / "log")
    assert len(written(tmp_path / "log")) == 10


@pytest.mark.parametrize("cut", [1, 2, 20, 60])
def test_a_line_that_a_crash_cut_short_is_left_out(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "log"
    written(path)
    path.write_bytes(path.read_bytes()[:-cut])
    # Cut by its line's end alone, an entry is whole.
    assert len(written(path)) == (10 if cut == 1 else 9)


CHANGES = {
    "changed": lambda lines: [*lines[:2], lines[2].replace(b"blog", b"blob"), *lines[3:]],
    "dropped": lambda lines: [*lines[:2], *lines[3:]],
    "put in": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "in another order": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "cut in the middle": lambda lines: [*lines[:2], lines[2][:30], *lines[3:]],
    "gone at the beginning": lambda lines: lines[1:],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_line_that_is_not_as_it_was_is_found(tmp_path: Path, change: object) -> None:
    path = tmp_path / "log"
    written(path)
    assert callable(change)
    path.write_bytes(b"\n".join(change(path.read_bytes().splitlines())) + b"\n")
    with pytest.raises(LogBroken) as caught:
        list(read_log(path))
    assert caught.value.line in (1, 2, 3, 4)
    assert str(caught.value).count("\n") <= 2


@pytest.fixture
def small_files() -> Iterator[Callable[[int], None]]:
    """Lets this process make files of so many bytes only, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("room", [0, 1, 30])
def test_a_log_that_has_no_room_says_so_and_goes_on_later(
    tmp_path: Path, small_files: Callable[[int], None], room: int
) -> None:
    path = tmp_path / "log"
    written(path)
    log = AuditLog(path)
    small_files(path.stat().st_size + room)
    for _ in range(2):
        with pytest.raises(OSError, match=r"large|in full"):
            log.add(Entry(time="lost"))
    small_files(resource.RLIM_INFINITY)
    log.add(Entry(time="kept"))
    log.close()
    assert [one.time for one in read_log(path)][5:] == ["kept"]
