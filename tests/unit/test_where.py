"""Which folder of a machine is the one that somebody stands in."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import Desk

from nopal.errors import ProjectFaults
from nopal.project import Mount
from nopal.where import Where, nearest_holder, where
from nopal.workplace import workplace

CODE = Mount(Path("/home/ann/Developer"), is_writable=True)
SKILLS = Mount(Path("/home/ann/.agents/skills"))


def as_it_is(path: Path) -> Path:
    return path


@pytest.mark.parametrize(
    "below", ["blog", "blog/src", "with space/it's", "naïve/日本語", "a\nb", "$(id)/-rf"]
)
def test_below_a_mount_one_stands_in_the_same_folder(below: str) -> None:
    found = where(CODE.path / below, [CODE, SKILLS], as_it_is)
    assert found == Where(f"/home/ann/Developer/{below}", True, below)


def test_at_its_top_there_is_nothing_below() -> None:
    assert where(CODE.path, [CODE], as_it_is) == Where(str(CODE.path), True, "")


def test_a_name_that_only_begins_alike_is_outside() -> None:
    found = where(Path("/home/ann/Developer2"), [CODE], as_it_is)
    assert found == Where(str(CODE.path), False)


def test_of_two_mounts_the_inner_one_counts() -> None:
    inner = Mount(CODE.path / "blog")
    found = where(inner.path / "src", [CODE, inner], as_it_is)
    assert found == Where(f"{inner.path}/src", True, f"{inner.path}/src")


def test_above_a_mount_one_starts_in_it_and_elsewhere_in_the_first() -> None:
    assert where(Path("/home/ann/.agents"), [CODE, SKILLS], as_it_is) == Where(
        str(SKILLS.path), False
    )
    assert where(Path("/srv"), [CODE, SKILLS], as_it_is) == Where(str(CODE.path), False)


def test_without_mounts_there_is_no_such_folder() -> None:
    assert where(Path("/srv"), [], as_it_is) is None


def test_links_of_this_computer_are_followed_both_ways(tmp_path: Path) -> None:
    real = tmp_path / "disk" / "code"
    (real / "blog").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to(real)
    (real / "escape").symlink_to(tmp_path / "outside")
    mounts = [Mount(tmp_path / "link", is_writable=True)]
    inside = Where(str(tmp_path / "link" / "blog"), True, "blog")
    assert where(real / "blog", mounts) == inside
    assert where(tmp_path / "link" / "blog", mounts) == inside
    outside = where(tmp_path / "link" / "escape", mounts)
    assert outside is not None
    assert not outside.is_same


def test_of_several_machines_the_one_with_the_deepest_mount_is_meant() -> None:
    inner = Mount(CODE.path / "work")
    machines = [("all", [CODE]), ("work", [SKILLS, inner])]
    assert nearest_holder(inner.path / "x", machines, as_it_is) == "work"
    assert nearest_holder(CODE.path / "x", machines, as_it_is) == "all"
    assert nearest_holder(Path("/srv"), machines, as_it_is) == ""


def test_each_folder_has_a_session_of_its_own() -> None:
    names = {
        below: workplace("/m", below=below).session_name("claude")
        for below in ("", "blog", "blog/src", "blog-src", "日本", "é" * 60, "x" * 60, "x" * 61)
    }
    assert names[""] == "claude"
    assert names["blog"] == "claude-blog"
    assert len(set(names.values())) == len(names)
    assert all(len(name) <= 32 for name in names.values())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    (tmp_path / "code" / "blog" / ".git").mkdir(parents=True)
    return desk


def shared(desk: Desk, more: str = "", before: str = "") -> str:
    folder = desk.root / "code"
    return f'{before}\n[projects.dev]\nmode = "shared"\nmounts = ["{folder}:rw"]\n{more}'


def test_under_a_shared_machines_folder_that_machine_is_meant(desk: Desk) -> None:
    desk.write_person(shared(desk))
    assert desk.load(cwd=desk.root / "code" / "blog").name == "dev"
    assert desk.load(cwd=desk.root).name == "default"


def test_no_file_of_a_repo_in_it_chooses_another(desk: Desk) -> None:
    desk.write_person(shared(desk))
    repo = desk.root / "code" / "blog"
    (repo / ".nopal.toml").write_text('name = "evil"\ncpus = 9\n')
    project = desk.load(cwd=repo)
    assert (project.name, project.repo_root) == ("dev", None)


def test_a_project_of_the_persons_own_that_lists_the_repo_does(desk: Desk) -> None:
    holds = '[projects.blog]\nrepos = ["https://github.com/me/blog"]\n'
    desk.write_person(shared(desk, before=holds))
    assert desk.load(cwd=desk.root / "code" / "blog").name == "blog"


def test_a_shared_machine_has_no_keys_and_signs_nothing_unless_asked(desk: Desk) -> None:
    loud = "[defaults]\nsigning = true\nkeys = {while = 'always'}\n"
    project = desk.write_person(shared(desk, before=loud)).load("dev")
    assert (project.signing, project.keys.while_, project.timezone) == (False, "never", "")
    assert (project.mode, project.ports) == ("shared", "auto")
    asked = shared(desk, 'keys = {login = {"github.com" = "ask"}}\n', loud)
    assert desk.write_person(asked).load("dev").keys.while_ == "always"
    signs = desk.write_person(shared(desk, "signing = true\n", loud)).load("dev")
    assert (signs.signing, signs.keys.while_) == (True, "always")


def test_only_one_project_can_be_shared_by_its_own_table(desk: Desk) -> None:
    desk.write_person('[defaults]\nmode = "shared"\n')
    with pytest.raises(ProjectFaults, match=r"\[projects.NAME\]"):
        desk.load()
    desk.write_person("").write_repo('name = "blog"\nmode = "shared"\n')
    with pytest.raises(ProjectFaults, match="mode"):
        desk.load()
