"""Archives of a hostile machine, written to a real folder."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nopal.copying.archive import members
from nopal.copying.errors import NoRoom, NoSuchFolder, NotAsAsked, NotWritten
from nopal.copying.receive import Target, receive
from nopal.copying.tally import Tally

Entry = tuple[str, bytes] | tuple[str, tarfile.TarInfo]


def entry(name: str, kind: bytes, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def folder(name: str = ".", mode: int = 0o755) -> tarfile.TarInfo:
    return entry(name, tarfile.DIRTYPE, mode=mode)


def packed(*entries: tarfile.TarInfo | tuple[str, bytes], style: int = tarfile.GNU_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(
        fileobj=stream, mode="w", format=style, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for one in entries:
            if isinstance(one, tuple):
                name, data = one
                archive.addfile(entry(name, tarfile.REGTYPE, size=len(data)), io.BytesIO(data))
            else:
                archive.addfile(one)
    return stream.getvalue()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The folder to copy into; what lies beside it must never change."""
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/secret").write_text("mine")
    place = tmp_path / "here"
    place.mkdir()
    return place


@pytest.fixture(autouse=True)
def nothing_elsewhere_changes(here: Path) -> Iterator[None]:
    yield
    beside = here.parent / "beside"
    assert [path.name for path in beside.iterdir()] == ["secret"]
    assert (beside / "secret").read_text() == "mine"
    assert {path.name for path in here.parent.iterdir()} == {"beside", "here"}
    assert not list(here.rglob(".nopal-*"))


def take(
    here: Path,
    data: bytes,
    *,
    takes_git: bool = False,
    room: Callable[[Path], int] = lambda _: 1 << 40,
) -> Tally:
    tally = Tally()
    target = Target(here, "x")
    receive(io.BytesIO(data), target, tally, file_name="x", takes_git=takes_git, room=room)
    return tally


def test_a_folder_comes_with_all_that_is_in_it(here: Path) -> None:
    tally = take(here, packed(folder(), folder("./a"), ("./a/b", b"text"), ("./c", b"")))
    assert (here / "x/a/b").read_bytes() == b"text"
    assert (here / "x/c").read_bytes() == b""
    assert (tally.files, tally.size, tally.lines) == (2, 4, ())


def test_one_file_takes_the_name_that_was_asked_for(here: Path) -> None:
    take(here, packed(("./x", b"text")))
    assert (here / "x").read_bytes() == b"text"


def test_a_folder_that_holds_its_own_name_is_no_single_file(here: Path) -> None:
    take(here, packed(folder(), folder("./x"), ("./x/x", b"deep")))
    assert (here / "x/x/x").read_bytes() == b"deep"


def test_long_names_arrive_whole(here: Path) -> None:
    name = "n" * 200
    take(here, packed(folder(), folder(f"./{name}"), (f"./{name}/{name}é", b"1")))
    assert (here / "x" / name / f"{name}é").read_bytes() == b"1"


@pytest.mark.parametrize(
    "name",
    [
        "./../beside/secret",
        "../beside/secret",
        "/etc/passwd",
        "./a/../../beside/secret",
        "y",
        ".//a",
        "./a/./b",
        "x",
    ],
)
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE])
def test_a_path_out_of_the_target_ends_the_copy(here: Path, name: str, kind: bytes) -> None:
    with pytest.raises(NotAsAsked):
        take(here, packed(folder(), entry(name, kind)))


def test_a_first_entry_of_another_name_ends_the_copy(here: Path) -> None:
    for first in (("./y", b""), folder("./x"), folder("..")):
        with pytest.raises(NotAsAsked):
            take(here, packed(first))
    assert list(here.iterdir()) == []


def test_more_than_the_one_file_ends_the_copy(here: Path) -> None:
    with pytest.raises(NotAsAsked):
        take(here, packed(("./x", b"1"), ("./x", b"2")))


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
def test_links_devices_and_pipes_are_left_out_and_named(here: Path, kind: bytes) -> None:
    bad = entry("./bad", kind, linkname="../../beside/secret", devmajor=1, devminor=3)
    tally = take(here, packed(folder(), bad, ("./good", b"1")))
    assert [path.name for path in (here / "x").iterdir()] == ["good"]
    assert tally.missing == 1
    assert tally.lines[0].startswith("left out x/bad: a ")


def test_nothing_is_written_through_a_link_that_was_sent_before(here: Path) -> None:
    link = entry("./out", tarfile.SYMTYPE, linkname="../../beside")
    tally = take(here, packed(folder(), link, ("./out/secret", b"theirs")))
    assert tally.missing == 2
    assert list((here / "x").iterdir()) == []


def test_nothing_is_written_through_a_link_that_lies_here(here: Path) -> None:
    (here / "x").mkdir()
    (here / "x/out").symlink_to(here.parent / "beside")
    (here / "x/file").symlink_to(here.parent / "beside/secret")
    data = packed(folder(), folder("./out"), ("./out/secret", b"theirs"), ("./file", b"theirs"))
    tally = take(here, data)
    assert tally.missing == 2
    assert not (here / "x/file").is_symlink()
    assert (here / "x/file").read_bytes() == b"theirs"


def test_a_target_that_is_a_link_is_refused(here: Path) -> None:
    (here / "x").symlink_to(here.parent / "beside")
    with pytest.raises(NotWritten):
        take(here, packed(folder(), ("./secret", b"theirs")))


@pytest.mark.parametrize("name", ["a\nb", "-rf", "a\x1b]0;b\x07", "a\u202eb", "a\udcffb", "a\\b"])
def test_odd_names_are_left_out_with_all_below_them(here: Path, name: str) -> None:
    data = packed(folder(), folder(f"./{name}"), (f"./{name}/in", b"1"), ("./good", b"1"))
    tally = take(here, data)
    assert [path.name for path in (here / "x").iterdir()] == ["good"]
    assert tally.missing == 1
    assert all(line.isprintable() for line in tally.lines)


def test_a_repos_own_folder_stays_away_unless_it_is_asked_for(here: Path) -> None:
    data = packed(folder(), folder("./.GIT"), ("./.GIT/config", b"[core] fsmonitor = evil"))
    assert take(here, data).missing == 1
    assert list((here / "x").iterdir()) == []
    take(here, data, takes_git=True)
    assert (here / "x/.GIT/config").exists()


def test_the_same_name_twice_keeps_the_first(here: Path) -> None:
    tally = take(here, packed(folder(), ("./a", b"first"), ("./a", b"second")))
    assert (here / "x/a").read_bytes() == b"first"
    assert tally.missing == 1


def test_a_folder_does_not_take_a_files_place_nor_the_reverse(here: Path) -> None:
    data = packed(folder(), ("./a", b"1"), folder("./a"), folder("./b"), ("./b", b"2"))
    assert take(here, data).missing == 2
    assert (here / "x/a").read_bytes() == b"1"
    assert (here / "x/b").is_dir()


def test_modes_lose_setuid_setgid_and_sticky_and_keep_x(here: Path) -> None:
    old = os.umask(0o022)
    try:
        run = entry("./run", tarfile.REGTYPE, mode=0o6777)
        none = entry("./none", tarfile.REGTYPE, mode=0)
        take(here, packed(folder(mode=0o3777), run, none))
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (here / "x").iterdir()}
    assert modes == {"run": 0o755, "none": 0o600}
    assert stat.S_IMODE((here / "x").stat().st_mode) == 0o755


def test_a_size_that_does_not_fit_ends_the_copy_before_it_is_written(here: Path) -> None:
    giant = entry("./giant", tarfile.REGTYPE, size=1 << 50)
    with pytest.raises(NoRoom) as refused:
        take(here, packed(folder(), giant)[:2048], room=lambda _: 1 << 30)
    assert "1024.0 TiB" in str(refused.value)
    assert list((here / "x").iterdir()) == []


def test_many_small_files_end_where_the_room_ends(here: Path) -> None:
    left = iter([9000, 9000, 0, 0])
    with pytest.raises(NoRoom):
        take(here, packed(folder(), ("./a", b"1"), ("./b", b"1")), room=lambda _: next(left))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x" * 512,
        packed(folder(), ("./a", b"1" * 2000))[:1600],
        packed(folder())[:512],
        packed(folder(), entry("./a", tarfile.XHDTYPE)),
        packed(folder(), entry("./a", tarfile.GNUTYPE_SPARSE)),
        packed(folder(), ("./é" * 80, b""), style=tarfile.PAX_FORMAT),
        packed(folder(), entry("./a", tarfile.GNUTYPE_LONGNAME, size=1 << 40)),
        packed(folder(), entry("./a", tarfile.DIRTYPE, size=1 << 40)),
        packed(folder(), entry("./a", b"Z")),
    ],
    ids=["empty", "noise", "cut", "no end", "pax", "sparse", "real pax", "name", "dir", "Z"],
)
def test_what_is_no_plain_archive_ends_the_copy(here: Path, data: bytes) -> None:
    with pytest.raises(NotAsAsked):
        take(here, data)


def test_endless_long_names_neither_recurse_nor_grow() -> None:
    name = packed(entry("./a", tarfile.GNUTYPE_LONGNAME, size=512))[:512] + b"n" * 512
    with pytest.raises(NotAsAsked):
        list(members(io.BytesIO(name * 5000)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(st.binary(max_size=3000), st.integers(0, 4096))
def test_any_damage_to_an_archive_is_read_or_refused(here: Path, noise: bytes, at: int) -> None:
    whole = packed(folder(), folder("./a"), ("./a/b", b"text" * 300), ("./c", b"1"))
    with suppress(NotAsAsked, NotWritten):
        take(here, whole[:at] + noise + whole[at + len(noise) :])


def test_a_destination_is_read_as_cp_reads_it(here: Path) -> None:
    def name() -> str:
        return "theirs"

    assert Target.of(str(here), name) == Target(here, "theirs")
    assert Target.of(str(here / "new"), name) == Target(here, "new")
    for missing in (here / "no/new", f"{here}/no/"):
        with pytest.raises(NoSuchFolder):
            Target.of(str(missing), name)


def test_only_the_first_of_many_that_are_left_out_are_told() -> None:
    tally = Tally()
    for number in range(50):
        tally.left_out(f"x/{number}\x1b[2J", "a device")
    assert len(tally.lines) == 21
    assert tally.lines[-1] == "left out 30 more"
