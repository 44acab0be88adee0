"""The log: every line sealed with the one before, continued after a crash, verified whole."""

from __future__ import annotations

import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guard.keys.audit import AuditLog, Entry, LogBroken
from guard.keys.log_files import Bound, parts_of
from guard.keys.log_reader import LogReader


def written(path: Path, count: int = 5) -> list[Entry]:
    log = AuditLog(path)
    for number in range(count):
        log.add(Entry(time=f"2026-01-01T00:00:0{number}", project="blog", reason="ä\n\x1b"))
    log.close()
    return list(LogReader(path))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    entries = written(tmp_path / "log")
    assert [one.time[-1] for one in entries] == list("01234")
    assert len({one.chain for one in entries}) == 5


def test_the_log_is_its_writer_s_own(tmp_path: Path) -> None:
    (tmp_path / "log").touch(0o644)
    written(tmp_path / "log")
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_log_that_is_absent_has_no_entries(tmp_path: Path) -> None:
    assert list(LogReader(tmp_path / "log")) == []


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
        list(LogReader(path))
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
    assert [one.time for one in LogReader(path)][5:] == ["kept"]


SMALL = Bound(file_bytes=1000, parts=3)


def filled(path: Path, count: int) -> AuditLog:
    """Write so many entries into files that hold eight or so."""
    log = AuditLog(path, SMALL)
    for number in range(count):
        log.add(Entry(time=f"{number:04}", project="blog"))
    return log


def times(path: Path) -> list[int]:
    return [int(one.time) for one in LogReader(path, SMALL)]


def test_a_log_that_is_full_goes_on_in_another_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 30).close()
    assert [one.name for one in parts_of(path)][:2] == ["audit.000001.jsonl", "audit.000002.jsonl"]
    assert times(path) == list(range(30))


def test_the_oldest_of_too_many_files_goes_and_the_rest_is_still_proven(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 200).close()
    parts = parts_of(path)
    assert len(parts) == SMALL.parts
    assert sum(one.stat().st_size for one in (path, *parts)) < 4 * (SMALL.file_bytes + 300)
    found = times(path)
    assert found == list(range(found[0], 200))
    assert 0 < found[0] < 180


def test_each_file_is_its_writer_s_own(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 30).close()
    for one in (path, *parts_of(path)):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [0, 1, -1], ids=["oldest", "middle", "newest"])
@pytest.mark.parametrize("count", [30, 200], ids=["all there", "some removed"])
def test_a_file_that_is_gone_is_missed(tmp_path: Path, count: int, number: int) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, count).close()
    parts_of(path)[number].unlink()
    with pytest.raises(LogBroken):
        times(path)


def test_a_line_that_was_changed_in_an_older_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 200).close()
    older = parts_of(path)[1]
    older.write_bytes(older.read_bytes().replace(b"blog", b"blob", 1))
    with pytest.raises(LogBroken) as caught:
        times(path)
    assert (caught.value.path, caught.value.line) == (older, 1)


def test_what_was_before_the_first_file_cannot_be_made_up(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 200).close()
    oldest = parts_of(path)[0]
    oldest.write_bytes(b"".join(oldest.read_bytes().splitlines(keepends=True)[1:]))
    with pytest.raises(LogBroken):
        times(path)


def test_a_writer_that_ended_between_two_files_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 8).close()
    path.rename(tmp_path / "audit.000001.jsonl")
    filled(path, 3).close()
    assert times(path) == [*range(8), *range(3)]


def test_a_reader_goes_on_where_it_was_through_files_that_were_begun_since(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = filled(path, 5)
    reader = LogReader(path, SMALL)
    assert len(list(reader)) == 5
    assert list(reader) == []
    for number in range(5, 25):
        log.add(Entry(time=f"{number:04}"))
    assert [int(one.time) for one in reader] == list(range(5, 25))
    log.add(Entry(time="0025"))
    assert [one.time for one in reader] == ["0025"]


def test_a_line_that_is_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    filled(path, 1).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    reader = LogReader(path, SMALL)
    assert list(reader) == []
    path.write_bytes(whole)
    assert [one.time for one in reader] == ["0000"]


def test_a_full_file_that_cannot_be_followed_by_another_takes_no_line(
    tmp_path: Path, small_files: Callable[[int], None]
) -> None:
    path = tmp_path / "audit.jsonl"
    log = filled(path, 30)
    while path.stat().st_size < SMALL.file_bytes:
        log.add(Entry(time="0030"))
    small_files(0)
    with pytest.raises(OSError, match="large"):
        log.add(Entry(time="lost"))
    small_files(resource.RLIM_INFINITY)
    log.add(Entry(time="0031"))
    assert times(path)[-1] == 31
