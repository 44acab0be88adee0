"""The server of a mounted folder: what a machine gets of it, and what it never gets."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lima.mounts.folder import GUEST, Folder
from lima.mounts.git_guard import holds_guarded, is_guarded
from lima.mounts.install import folder as installed_in
from lima.mounts.install import install
from lima.mounts.server import GIT_VARIABLE, Server, folder_of, serve
from lima.mounts.wire import (
    Attributes,
    Kind,
    MalformedMessage,
    Reader,
    Status,
    framed,
    string,
    u32,
    u64,
)

CREATE, WRITE = 8, 2


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder to serve, beside one that is nobody's business."""
    (tmp_path / "secret").write_text("key")
    code = tmp_path / "code"
    (code / "repo/.git/hooks").mkdir(parents=True)
    (code / "repo/.git/refs/heads").mkdir(parents=True)
    (code / "repo/.git/config").write_text("[core]\n")
    (code / "repo/file").write_text("one")
    (code / "out").symlink_to(tmp_path)
    (code / "out-file").symlink_to(tmp_path / "secret")
    return code


def ask(server: Server, kind: Kind, *fields: bytes) -> Reader:
    """Return the fields of the answer, its kind first, as one byte."""
    answer = server.answer(framed(kind, u32(7), *fields)[4:])[4:]
    assert answer[1:5] == u32(7)
    return Reader(answer[:1] + answer[5:])


def status(server: Server, kind: Kind, *fields: bytes) -> Status:
    """Return the status that answers a request; OK for any other answer."""
    return _status(ask(server, kind, *fields))


def _status(reader: Reader) -> Status:
    kind, reader.data = reader.data[0], reader.data[1:]
    return Status(reader.u32()) if kind == Kind.STATUS else Status.OK


def write(server: Server, path: str, text: str) -> Status:
    reader = ask(
        server, Kind.OPEN, string(os.fsencode(path)), u32(CREATE | WRITE), bytes(Attributes())
    )
    if reader.data[0] != Kind.HANDLE:
        return _status(reader)
    reader.data = reader.data[1:]
    handle = string(reader.string())
    written = status(server, Kind.WRITE, handle, u64(0), string(text.encode()))
    assert status(server, Kind.CLOSE, handle) == Status.OK
    return written


def test_a_file_is_written_and_is_the_persons(code: Path) -> None:
    server = Server(Folder(code, is_writable=True))
    assert write(server, f"{code}/repo/naïve file", "two") == Status.OK
    made = code / "repo/naïve file"
    assert made.read_text() == "two"
    assert made.stat().st_uid == os.geteuid()
    assert Folder(code).lstat(b"repo/file").owner == (GUEST, GUEST)


@pytest.mark.parametrize(
    "path",
    [
        "{outside}/secret",
        "/etc/passwd",
        "../secret",
        "{code}/../secret",
        "{code}/repo/../../secret",
        "{code}2/file",
        "out/secret",
        "{code}/out/secret",
    ],
)
def test_no_path_leads_out_of_the_folder(code: Path, path: str) -> None:
    (code.parent / "code2").mkdir()
    (code.parent / "code2/file").write_text("other")
    server = Server(Folder(code, is_writable=True))
    name = string(path.format(outside=code.parent, code=code).encode())
    refused = {Status.PERMISSION_DENIED, Status.NO_SUCH_FILE}
    for kind in (Kind.LSTAT, Kind.STAT, Kind.REMOVE, Kind.OPENDIR, Kind.READLINK):
        assert status(server, kind, name) in refused
    assert status(server, Kind.OPEN, name, u32(1), u32(0)) in refused
    for kind in (Kind.SETSTAT, Kind.MKDIR):
        assert status(server, kind, name, bytes(Attributes(mode=0o777))) in refused
    assert write(server, path.format(outside=code.parent, code=code), "x") in refused
    for one, other in ((name, string(b"mine")), (string(b"repo/file"), name)):
        for rename in (b"posix-rename@openssh.com", b"hardlink@openssh.com"):
            assert status(server, Kind.EXTENDED, string(rename), one, other) in refused
        assert status(server, Kind.RENAME, one, other) in refused
    assert status(server, Kind.SYMLINK, string(b"anywhere"), name) in refused
    assert (code.parent / "secret").read_text() == "key"


def test_a_link_is_shown_and_never_followed(code: Path) -> None:
    server = Server(Folder(code, is_writable=True))
    found = Folder(code).lstat(b"out-file")
    assert found.mode is not None
    assert stat.S_ISLNK(found.mode)
    link = string(b"out-file")
    assert status(server, Kind.OPEN, link, u32(1), u32(0)) == Status.NO_SUCH_FILE
    assert write(server, "out-file", "x") == Status.NO_SUCH_FILE
    set_mode = bytes(Attributes(size=0, mode=0o777, times=(1, 1)))
    assert status(server, Kind.SETSTAT, link, set_mode) == Status.OK
    secret = code.parent / "secret"
    assert secret.read_text() == "key"
    assert secret.stat().st_mtime > 1


def test_a_folder_that_is_exchanged_for_a_link_is_still_the_one_it_was(code: Path) -> None:
    served = Folder(code, is_writable=True)
    assert served.space().f_bsize > 0
    code.rename(code.with_name("moved"))
    code.symlink_to(code.parent)
    with pytest.raises(FileNotFoundError):
        served.lstat(b"secret")
    assert served.lstat(b"repo/file").size == 3


def test_a_read_only_folder_takes_no_change(code: Path) -> None:
    server = Server(Folder(code))
    name, new = string(b"repo/file"), string(b"new")
    assert write(server, "new", "x") == Status.PERMISSION_DENIED
    for kind, fields in {
        Kind.SETSTAT: (name, bytes(Attributes(mode=0o777))),
        Kind.REMOVE: (name,),
        Kind.MKDIR: (new, u32(0)),
        Kind.RMDIR: (string(b"repo/.git/hooks"),),
        Kind.RENAME: (name, new),
        Kind.SYMLINK: (name, new),
        Kind.EXTENDED: (string(b"hardlink@openssh.com"), name, new),
    }.items():
        assert status(server, kind, *fields) == Status.PERMISSION_DENIED
    reader = ask(server, Kind.OPEN, name, u32(1), u32(0))
    reader.data = reader.data[1:]
    handle = string(reader.string())
    resized = bytes(Attributes(size=0))
    assert status(server, Kind.FSETSTAT, handle, resized) == Status.PERMISSION_DENIED
    assert (code / "repo/file").read_text() == "one"


def test_a_file_keeps_its_parts_of_a_second_when_it_is_only_said_to_have_changed(
    code: Path,
) -> None:
    file = code / "repo/file"
    os.utime(file, ns=(5_600_000_000, 7_800_000_000))
    served = Folder(code, is_writable=True)
    served.set(b"repo/file", Attributes(times=(7, 7)))
    assert file.stat().st_mtime_ns == 7_800_000_000
    served.set(b"repo/file", Attributes(times=(7, 8)))
    assert file.stat().st_mtime_ns == 8_000_000_000


def test_only_regular_files_are_opened(code: Path) -> None:
    os.mkfifo(code / "pipe")
    server = Server(Folder(code, is_writable=True))
    assert status(server, Kind.OPEN, string(b"pipe"), u32(1), u32(0)) == Status.PERMISSION_DENIED


def test_no_program_is_made_that_runs_with_the_persons_rights(code: Path) -> None:
    Folder(code, is_writable=True).set(b"repo/file", Attributes(mode=0o6755))
    assert stat.S_IMODE((code / "repo/file").stat().st_mode) == 0o755


def test_hooks_and_configuration_stay_as_they_are(code: Path) -> None:
    server = Server(Folder(code, is_writable=True, keeps_git=True))
    rename = string(b"posix-rename@openssh.com")
    refused = Status.PERMISSION_DENIED
    for path in ("repo/.git/hooks/pre-commit", "repo/.git/config", "repo/.git/config.lock"):
        assert write(server, path, "x") == refused
    for one, other in (
        ("repo/.git", "repo/git"),
        ("repo/.git/hooks", "repo/hooks"),
        ("repo/file", "repo/.git/config"),
        ("repo/.git/refs", "repo/.git/modules"),
        ("repo", "other/.git"),
    ):
        names = string(one.encode()), string(other.encode())
        assert status(server, Kind.EXTENDED, rename, *names) in (refused, Status.NO_SUCH_FILE)
    config = string(b"repo/.git/config")
    hard = string(b"hardlink@openssh.com")
    assert status(server, Kind.EXTENDED, hard, config, string(b"mine")) == refused
    assert status(server, Kind.MKDIR, string(b"repo/sub/.git"), u32(0)) == refused
    assert status(server, Kind.SYMLINK, string(b"/tmp"), string(b"repo/.GIT")) == refused
    # What a commit needs.
    assert write(server, "repo/.git/index.lock", "x") == Status.OK
    assert write(server, "repo/.git/refs/heads/config", "x") == Status.OK
    lock, index = string(b"repo/.git/index.lock"), string(b"repo/.git/index")
    assert status(server, Kind.EXTENDED, rename, lock, index) == Status.OK
    assert (code / "repo/.git/config").read_text() == "[core]\n"


@pytest.mark.parametrize(
    ("path", "is_kept"),
    [
        ("repo/.git/modules/sub/config", True),
        ("repo/.git/modules/sub/hooks/x", True),
        ("repo/.git/worktrees/a/gitdir", True),
        ("repo/.git/worktrees/a/config.worktree", True),
        ("repo/.git/HEAD", False),
        ("repo/.git/info/exclude", False),
        ("repo/.git/logs/refs/heads/hooks", False),
        ("repo/config", False),
        ("repo/.github/hooks", False),
    ],
)
def test_what_git_follows_is_kept(path: str, is_kept: bool) -> None:
    assert is_guarded(path.encode().split(b"/")) is is_kept


def test_folders_of_objects_may_move_and_a_repos_own_may_not() -> None:
    assert not holds_guarded(b"repo/.git/objects/tmp".split(b"/"))
    assert holds_guarded(b"repo/.git/modules/sub".split(b"/"))
    assert not holds_guarded(b"repo/src".split(b"/"))


@given(data=st.binary(max_size=200))
def test_any_bytes_are_answered_or_end_the_connection(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = Server(Folder(tmp_path_factory.getbasetemp()))
    with suppress(MalformedMessage):
        assert server.answer(data)
    with suppress(MalformedMessage):
        serve(server, BytesIO(data), BytesIO())


@given(
    kind=st.sampled_from(Kind), names=st.lists(st.binary(max_size=40), max_size=3), tail=st.binary()
)
def test_whatever_is_asked_nothing_is_changed_where_nothing_may_be(
    kind: Kind, names: list[bytes], tail: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.getbasetemp() / "kept"
    place.mkdir(exist_ok=True)
    (place / "file").write_text("one")
    server = Server(Folder(place))
    with suppress(MalformedMessage):
        server.answer(framed(kind, u32(1), *map(string, names), tail)[4:])
    assert [(path.name, path.read_text()) for path in place.iterdir()] == [("file", "one")]


def test_what_lima_says_is_understood_and_nothing_else() -> None:
    words = ("-e", "-d", "/home/ann/50%%", "-R")
    assert folder_of(words, {}) == Folder(Path("/home/ann/50%"))
    environ = {GIT_VARIABLE: "/srv/code:/home/ann/code"}
    found = folder_of(("-e", "-d", "/home/ann/code"), environ)
    assert found == Folder(Path("/home/ann/code"), is_writable=True, keeps_git=True)
    with pytest.raises(ValueError, match="expected -d FOLDER"):
        folder_of(("-e",), {})


def test_it_is_installed_as_a_whole_under_a_name_of_its_content(tmp_path: Path) -> None:
    install(tmp_path)
    install(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [installed_in(tmp_path).name]
    program = installed_in(tmp_path) / "sftp-server"
    assert os.access(program, os.X_OK)
