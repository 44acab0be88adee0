from __future__ import annotations

import io
from pathlib import Path

import pytest

from nopal.catalogue import Catalogue
from nopal.errors import ProjectFaults
from nopal.golden import golden_wish
from nopal.paths import Paths
from nopal.preflight import prepare_all
from nopal.screen import PlainScreen
from nopal.state import MachineState
from nopal.workspace import Workspace
from profiles.catalogue import load
from provision import GitClone


def make_workspace(folder: Path, text: str) -> Workspace:
    """Return a home with one project, `blog`, whose text begins on line 2."""
    environ = {"PATH": "/nowhere", "NOPAL_HOME": str(folder / "n")}
    paths = Paths.from_environment(environ, is_root=False, home=folder)
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text(f"[projects.blog]\n{text}", encoding="utf-8")
    return Workspace(paths, environ, folder, PlainScreen(io.StringIO()), Catalogue(load()))


def faults(folder: Path, text: str) -> list[str]:
    """Return what is wrong with the project, each fault from its line on."""
    workspace = make_workspace(folder, text)
    with pytest.raises(ProjectFaults) as caught:
        prepare_all(workspace, [workspace.project("blog")])
    file = workspace.paths.config_file
    return [str(fault).removeprefix(f"{file}:") for fault in caught.value.faults]


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


def test_skills_that_are_not_there_are_told_with_their_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "\nskills = ['/nope']\n")
    assert fault.startswith("3: the skills of /nope can't be given to the machine: No such file")


def test_skills_are_in_the_machine_and_in_no_golden_one(tmp_path: Path) -> None:
    (tmp_path / "skills/tidy").mkdir(parents=True)
    (tmp_path / "skills/tidy/SKILL.md").write_text("Tidy up.")
    workspace = make_workspace(tmp_path, "skills = ['~/skills']\nprofiles = []\nsigning = false\n")
    project = workspace.project("blog")
    (item,) = prepare_all(workspace, [project])
    place = "/usr/local/share/nopal/skills/tidy/SKILL.md"
    assert f"file:{place}" in [step.id for step in item.wish.steps]
    assert place not in repr(golden_wish(workspace, project).steps)


def test_a_folder_that_lima_cannot_mount_is_told_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "my code"
    folder.mkdir()
    found = faults(tmp_path, f"mounts = ['{folder}:ro']\n")
    assert found[-1].startswith(f"2: '{folder}' cannot be the machine's mount point")


def test_a_folder_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "mounts = ['/usr:ro', '/nowhere/code:rw']\n")
    assert fault.startswith("2: `mounts[1]` is `/nowhere/code`, where no folder is")


def test_two_clones_in_one_folder_are_told_before_anything_is_made(tmp_path: Path) -> None:
    url = "git@localhost:me/x.git"
    found = faults(tmp_path, f"repos = [\n'{url}',\n{{url = '{url}', path = 'x'}}]\n")
    assert found[-1].startswith("4: `repos[1]` is to be cloned to ~/code/x like another")


def test_one_repo_may_have_several_clones(tmp_path: Path) -> None:
    url = "git@localhost:me/x.git"
    clones = [f"{{url = '{url}', path = '{name}', branch = '{name}'}}" for name in ("a", "b")]
    workspace = make_workspace(tmp_path, f"repos = [{', '.join(clones)}]\nsigning = false\n")
    workspace.states.write(MachineState(name="blog", cloned=(url,)))
    (item,) = prepare_all(workspace, [workspace.project("blog")])
    steps = [step for step in item.wish.steps if isinstance(step, GitClone)]
    assert [(step.to, step.branch) for step in steps] == [("~/code/a", "a"), ("~/code/b", "b")]
