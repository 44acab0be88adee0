"""`inv nmlocal` and `inv nmstatus`: they type the machine's own word where one stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import Answering
from sshd import running_sshd

FOLDER = "with space/é"


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Answering]:
    """A home whose `code` is "mounted", and a machine with words that repeat what they get."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("nmlocal", "nmstatus"):
        (programs / name).write_text(f"#!/bin/sh\nprintf '<%s>' {name} \"$@\"; pwd; exit 4\n")
        (programs / name).chmod(0o755)
    (tmp_path / "ann/code" / FOLDER).mkdir(parents=True)
    (tmp_path / "guest").mkdir()
    project = f'mode = "shared"\nprofiles = []\nmounts = ["{tmp_path}/ann/code:rw"]\n'
    environment = {"HOME": str(tmp_path / "guest"), "PATH": f"{programs}:/usr/bin:/bin"}
    with running_sshd(tmp_path / "sshd", environment=environment) as server:
        yield Answering.at(tmp_path / "ann", server, project)


def test_folders_are_named_there_as_they_were_here(ann: Answering) -> None:
    here = ann.home / "code" / FOLDER
    words = ("nmlocal", "--auto", "--moved-from", "/old", "--", "a  b", "$HOME", "--off")
    told = ann.type(*words, cwd=here, status=4).stdout
    assert told == f"<nmlocal><--auto><--moved-from=/old><--><a  b><$HOME><--off>{here}\n"
    assert (
        ann.type("nmlocal", "--off", cwd=here, status=4).stdout == f"<nmlocal><--off><-->{here}\n"
    )


def test_elsewhere_nothing_is_done(ann: Answering, tmp_path: Path) -> None:
    told = ann.type("nmlocal", "-p", "blog", cwd=tmp_path, status=2)
    assert "stand in one of its `mounts`" in told.stderr
    assert told.stdout == ""
    home = tmp_path / "guest"
    told = ann.type("nmstatus", "--json", "-p", "blog", cwd=tmp_path, status=4)
    assert told.stdout == f"<nmstatus><--json>{home}\n"
