from __future__ import annotations

from pathlib import Path

import pytest

from nopal.errors import ProjectFaults
from nopal.paths import Paths
from nopal.preflight import prepare_all
from nopal.screen import PlainScreen
from nopal.workspace import Workspace
from profiles.catalogue import load


def faults(folder: Path, text: str) -> list[str]:
    """Return what is wrong with a project of this text, which begins on line 2."""
    environ = {"PATH": "/nowhere", "NOPAL_HOME": str(folder / "n")}
    paths = Paths.from_environment(environ, is_root=False, home=folder)
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text(f"[projects.blog]\n{text}", encoding="utf-8")
    with (folder / "screen").open("w") as stream:
        workspace = Workspace(paths, environ, folder, PlainScreen(stream), load())
        with pytest.raises(ProjectFaults) as caught:
            prepare_all(workspace, [workspace.project("blog")])
    return [str(fault).removeprefix(f"{paths.config_file}:") for fault in caught.value.faults]


def test_a_wrong_option_is_told_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "cpus = 2\n[projects.blog.options.node]\nversion = 24\n")
    assert fault.startswith("4: Option `version` of profile `node` cannot be 24")


def test_an_option_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "[projects.blog.options.docker]\nsuorce = 'docker'\n")
    assert fault.startswith("3: ")
    assert "suorce" in fault


def test_certificates_that_cannot_be_read_are_told_with_their_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "\nextra_ca = ['/nope.pem']\n")
    assert fault.startswith("3: `extra_ca` is `/nope.pem`, which cannot be read")


def test_a_folder_that_lima_cannot_mount_is_told_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "mounts = ['/tmp/my code:ro']\n")
    assert fault.startswith("2: '/tmp/my code' cannot be the machine's mount point")
