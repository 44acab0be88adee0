from __future__ import annotations

import os
from pathlib import Path

import pytest

from nopal.mount_faults import fault, holder
from nopal.project import Mount


def test_a_folder_of_ones_own_can_be_mounted(tmp_path: Path) -> None:
    assert fault(Mount(tmp_path, is_writable=True), None) == ("", "")


def test_a_folder_that_is_not_there_cannot_be_mounted(tmp_path: Path) -> None:
    found, _allowed = fault(Mount(tmp_path / "none"), None)
    assert "no folder" in found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_who_runs_roots_machines_must_be_able_to_use_it(tmp_path: Path) -> None:
    found, allowed = fault(Mount(Path("/"), is_writable=True), "nobody")
    assert "which nobody may not change" in found
    assert "chown" in allowed
    assert fault(Mount(Path("/")), "nobody") == ("", "")


def test_a_mount_inside_one_that_the_machine_can_change_is_found(tmp_path: Path) -> None:
    (tmp_path / "code/docs").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "code/docs")
    code = Mount(tmp_path / "code", is_writable=True)
    for inner in (tmp_path / "code/docs", tmp_path / "link", tmp_path / "code"):
        assert holder(1, (code, Mount(inner))) == code
    assert holder(0, (code, Mount(tmp_path / "code/docs"))) is None
    assert holder(1, (Mount(tmp_path / "code"), Mount(tmp_path / "code/docs"))) is None
