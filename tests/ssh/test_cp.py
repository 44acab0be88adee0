"""`cp` as a person types it: real ssh and real tar on both ends."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from answering import Answering
from sshd import running_sshd


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """What is the machine's, in these tests."""
    place = tmp_path / "guest"
    (place / "code/x/sub").mkdir(parents=True)
    (place / "code/x/sub/run").write_text("#!/bin/sh\n")
    (place / "code/x/sub/run").chmod(0o4755)
    (place / "code/x/text").write_text("words")
    (place / "code/x/é b").write_text("1")
    return place


@pytest.fixture
def ann(tmp_path: Path, guest: Path) -> Answering:
    with running_sshd(tmp_path / "sshd", environment={"HOME": str(guest)}) as server:
        yield Answering.at(tmp_path / "ann", server)


def test_a_folder_comes_out_of_the_machines_home(ann: Answering) -> None:
    told = ann.type("cp", "blog:code/x", ".")
    assert "blog: copied 3 files, 16 B" in told.stderr
    run = ann.home / "x/sub/run"
    assert stat.S_IMODE(run.stat().st_mode) & 0o7100 == 0o100
    assert (ann.home / "x/é b").read_text() == "1"
    (ann.home / "mine").write_text("old")
    ann.type("cp", "blog:code/x/text", "mine")
    assert (ann.home / "mine").read_text() == "words"


def test_what_a_guest_could_misuse_is_left_out_and_the_rest_comes(
    ann: Answering, guest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = guest / "code/x"
    (x / "link").symlink_to("/etc/passwd")
    (x / "folder").symlink_to("/")
    (x / "-rf").write_text("1")
    (x / "new\nline").mkdir()
    (x / "new\nline/in").write_text("1")
    (x / ".git/hooks").mkdir(parents=True)
    (x / ".git/hooks/post-checkout").write_text("evil")
    os.mkfifo(x / "pipe")
    os.link(x / "text", x / "twin")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(x)  # a socket's path is short
        server.bind("socket")
    told = ann.type("cp", "blog:code/x", "got", status=1)
    found = {str(path.relative_to(ann.home / "got")) for path in (ann.home / "got").rglob("*")}
    assert found == {"sub", "sub/run", "text", "twin", "é b"}
    for name in ("link", "folder", "-rf", "new line", "pipe", ".git"):
        assert f"left out got/{name}: " in told.stderr
    ann.type("cp", "--git", "--follow", "blog:code/x/.git", "repo")
    assert (ann.home / "repo/hooks/post-checkout").exists()


def test_a_link_at_the_top_is_what_the_person_named(ann: Answering, guest: Path) -> None:
    (guest / "to-x").symlink_to("code/x")
    (guest / "to-text").symlink_to("code/x/text")
    ann.type("cp", "blog:to-x", ".")
    ann.type("cp", "blog:to-text", ".")
    assert (ann.home / "to-x/text").read_text() == "words"
    assert (ann.home / "to-text").read_text() == "words"


def test_what_links_lead_to_comes_when_it_is_asked_for(ann: Answering, guest: Path) -> None:
    (guest / "code/x/link").symlink_to("text")
    ann.type("cp", "--follow", "blog:code/x", ".")
    assert not (ann.home / "x/link").is_symlink()
    assert (ann.home / "x/link").read_text() == "words"


def test_a_folder_goes_into_the_machine_with_its_links_as_links(
    ann: Answering, guest: Path
) -> None:
    here = ann.home / "site"
    (here / "sub").mkdir(parents=True)
    (here / "sub/a").write_text("a" * 300_000)
    (here / "key").symlink_to(ann.home / ".ssh/id_ed25519")
    (here / ("n" * 150)).write_text("é")
    os.mkfifo(here / "pipe")
    told = ann.type("cp", "site", "blog:code", status=1)
    there = guest / "code/site"
    assert (there / "sub/a").read_text() == "a" * 300_000
    assert (there / ("n" * 150)).read_text() == "é"
    assert (there / "key").is_symlink()
    assert "neither a file nor a folder" in told.stderr
    ann.type("cp", "site/sub", "blog:code/other")
    assert (guest / "code/other/a").exists()
    ann.type("cp", "site/sub/a", "blog:")
    assert (guest / "a").exists()


def test_the_names_of_nobody_here_go_along(ann: Answering, guest: Path) -> None:
    (ann.home / "a").write_text("1")
    tar = ann.home / "programs/tar"
    tar.parent.mkdir()
    tar.write_text(f"#!/bin/sh\ncat > {guest}/stream\n")
    tar.chmod(0o755)
    with running_sshd(
        ann.home / "other", environment={"PATH": f"{tar.parent}:/usr/bin:/bin"}
    ) as server:
        Answering.at(ann.home / "bob", server).type("cp", ann.home / "a", f"blog:{guest}")
    header = (guest / "stream").read_bytes()[:512]
    assert header[265:329].strip(b"\0") == b""
    assert (header[108:124].replace(b"\0", b"").strip(b"0")) == b""


@pytest.mark.parametrize(
    ("source", "dest", "words"),
    [
        ("blog:no/such", ".", "there is no "),
        ("blog:code/x", "no/such/place", "there is no folder no/such"),
        ("no-such", "blog:", "there is no file or folder no-such"),
        (".config", "blog:no/such/place", "there is no folder "),
        (".config", "blog:code/x/text/", "there is no folder "),
        (".config", "blog:code/x/text", "could not do its part"),
        ("a", "b", "must be in a machine"),
        ("blog:", ".", "names no file or folder"),
    ],
)
def test_what_cannot_be_copied_is_said_in_words(
    ann: Answering, source: str, dest: str, words: str
) -> None:
    told = ann.type("cp", source, dest, status=None)
    assert told.returncode in (1, 2)
    assert words in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exec /bin/tar -cP --format=gnu -f - /etc/hostname", "than was asked for"),
        ("exec head -c 5000 /dev/urandom", "than was asked for"),
        ("printf '\\033[2Jno' >&2; exit 2", "could not do its part: [2Jno"),
        ("exec /bin/tar -c --format=pax -f - .", "than was asked for"),
        ("yes evil | head -c 5000000 >&2; exit 1", "could not do its part: "),
        ("/bin/tar -c --format=gnu -f - . ; exec sleep 600", ""),
    ],
    ids=["other", "noise", "words", "pax", "endless words", "never ends"],
)
def test_a_machine_whose_tar_lies_writes_nothing(
    tmp_path: Path, guest: Path, script: str, words: str
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tar").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "tar").chmod(0o755)
    environment = {"HOME": str(guest), "PATH": f"{programs}:/usr/bin:/bin"}
    with running_sshd(tmp_path / "sshd", environment=environment) as server:
        ann = Answering.at(tmp_path / "ann", server)
        told = ann.type("cp", "blog:code/x", ".", status=1)
    assert words in told.stderr
    assert "\033" not in told.stderr
    assert "Traceback" not in told.stderr
