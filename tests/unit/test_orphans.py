from __future__ import annotations

from pathlib import Path

import pytest

from nopal.orphans import name_in, person_projects, why_orphaned
from nopal.paths import Paths
from nopal.state import MachineState


def why(state: MachineState, *projects: str, claims: str | None = "") -> str:
    return why_orphaned(state, projects, lambda _repo: claims)


def test_a_machine_of_a_project_of_the_persons_file_is_no_orphan() -> None:
    assert why(MachineState(name="blog"), "blog") == ""
    assert why(MachineState(name="default")) == ""


def test_a_machine_whose_project_left_the_persons_file_is_an_orphan() -> None:
    assert why(MachineState(name="blog"), "journal") == "no project has this name any more"


def test_a_machine_of_a_repo_belongs_to_it_as_long_as_the_repo_says_so() -> None:
    blog = MachineState(name="blog", owner="/code/blog")
    assert why(blog, claims="blog") == ""
    assert why(blog, claims="journal") == "the repo in /code/blog names the project journal now"
    assert why(blog, claims="").startswith("the repo in /code/blog is gone")


def test_a_fork_belongs_to_the_project_whose_settings_it_has() -> None:
    assert why(MachineState(name="try", fork_of="blog"), "blog") == ""
    assert why(MachineState(name="try", fork_of="default")) == ""
    assert why(MachineState(name="try", fork_of="blog"), "journal") != ""


def test_nothing_is_called_an_orphan_for_a_file_that_cannot_be_read() -> None:
    blog = MachineState(name="blog", owner="/code/blog")
    assert why(blog, claims=None) == ""
    assert why_orphaned(MachineState(name="blog"), None, name_in) == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [('name = "blog"', "blog"), ("cpus = 2", ""), ("name = 3", None), ("name =", None)],
)
def test_the_name_is_read_from_the_repos_file(tmp_path: Path, text: str, name: str | None) -> None:
    (tmp_path / ".nopal.toml").write_text(text)
    assert name_in(tmp_path) == name


def test_a_repo_that_is_gone_names_nothing(tmp_path: Path) -> None:
    assert name_in(tmp_path / "gone") == ""


def test_a_broken_file_of_the_persons_names_nobody_knows_which_projects(tmp_path: Path) -> None:
    paths = Paths.from_environment({}, is_root=False, home=tmp_path)
    assert person_projects(paths) == ()
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text("[projects.blog]\n[projects.shop]\n")
    assert person_projects(paths) == ("blog", "shop")
    paths.config_file.write_text("[projects.blog")
    assert person_projects(paths) is None
