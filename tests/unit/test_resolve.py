"""Which project is meant, and whose machine it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_builder import BLOG_URL, Desk

from nopal.errors import (
    AmbiguousProject,
    BadName,
    MissingKey,
    ProjectFaults,
    ProjectTakenOver,
    UnknownProject,
)
from nopal.load import load_project
from nopal.remote_url import is_remote, normalise, without_password
from nopal.resolve import check_owner, find_repo_root

HOLDS_BLOG = '[projects.blog]\nrepos = ["https://github.com/me/blog"]\n'


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_outside_of_a_repo_the_project_is_default(desk: Desk) -> None:
    assert desk.write_person(HOLDS_BLOG).load().name == "default"


def test_in_a_repo_its_file_names_the_project(desk: Desk) -> None:
    project = desk.write_repo("name = 'blog'\n").load()
    assert (project.name, project.repo_root) == ("blog", desk.repo)


def test_in_a_subfolder_of_a_repo_the_project_is_the_same(desk: Desk) -> None:
    deep = desk.write_repo("name = 'blog'\n").repo / "a" / "b"
    deep.mkdir(parents=True)
    assert desk.load(cwd=deep).name == "blog"


def test_a_file_deeper_than_the_repos_root_says_nothing(desk: Desk) -> None:
    vendored = desk.write_repo("name = 'blog'\n").repo / "vendor"
    vendored.mkdir()
    (vendored / ".nopal.toml").write_text("name = 'evil'\ncpus = 9\n")
    assert desk.load(cwd=vendored).name == "blog"


def test_a_file_outside_of_any_repo_says_nothing(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\n")
    (desk.repo / ".git").rmdir()
    assert desk.load().name == "default"


def test_in_a_repo_without_a_file_the_person_s_project_that_holds_it_is_meant(desk: Desk) -> None:
    desk.write_repo("").repo_file.unlink()
    assert desk.write_person(HOLDS_BLOG).load().name == "blog"
    assert desk.load(origin="git@github.com:me/other.git").name == "default"
    assert desk.load(origin="").name == "default"


def test_a_file_without_a_name_belongs_to_the_project_that_holds_its_repo(desk: Desk) -> None:
    project = desk.write_person(HOLDS_BLOG).write_repo("cpus = 3\n").load()
    assert (project.name, project.cpus) == ("blog", 3)


def test_a_file_without_a_name_does_not_shape_the_default_machine(desk: Desk) -> None:
    with pytest.raises(ProjectFaults) as caught:
        desk.write_repo("cpus = 3\n").load()
    (fault,) = caught.value.faults
    assert isinstance(fault, MissingKey)
    assert 'name = "blog"' in str(fault)


def test_an_origin_with_control_characters_is_no_origin(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\n")
    assert desk.load(origin=f"{BLOG_URL}\x1b[2J").repos == ()


def test_a_repo_in_two_projects_asks_for_a_choice(desk: Desk) -> None:
    desk.write_repo("").repo_file.unlink()
    desk.write_person(HOLDS_BLOG + HOLDS_BLOG.replace("blog]", "site]"))
    with pytest.raises(AmbiguousProject) as caught:
        desk.load()
    assert caught.value.names == ("blog", "site")
    assert "-p blog" in str(caught.value)


def test_the_name_asked_for_wins_and_the_repos_settings_stay_away(desk: Desk) -> None:
    desk.write_person("[projects.work]\ncpus = 2\n").write_repo("name = 'blog'\nshell = 'zsh'\n")
    project = desk.load("work")
    assert (project.name, project.shell, project.repo_root) == ("work", "bash", None)
    assert desk.load("default").shell == "bash"


def test_an_unknown_name_gets_the_nearest_one(desk: Desk) -> None:
    with pytest.raises(UnknownProject) as caught:
        desk.write_person(HOLDS_BLOG).load("blgo")
    assert caught.value.nearest == "blog"
    assert "did you mean `blog`?" in str(caught.value)
    assert str(desk.person_file) in str(caught.value)


def test_a_repo_s_project_is_found_from_anywhere_once_it_has_a_machine(desk: Desk) -> None:
    desk.write_repo("name = 'blog'\ncpus = 3\n")
    project = desk.load("blog", cwd=desk.root, owner_of=lambda _: desk.repo)
    assert (project.cpus, project.repo_root) == (3, desk.repo)


def test_git_is_never_asked_about_a_folder_that_is_gone(desk: Desk) -> None:
    def origin_of(root: Path) -> str:
        raise AssertionError(f"asked about {root}")

    load_project(
        "work",
        paths=desk.write_person("[projects.work]\n").paths,
        cwd=desk.root,
        origin_of=origin_of,
        owner_of=lambda _: desk.root / "gone",
    )


def test_a_repo_that_is_gone_leaves_its_project_unknown(desk: Desk) -> None:
    with pytest.raises(UnknownProject):
        desk.load("blog", owner_of=lambda _: desk.root / "gone")


# Claims


def test_a_repo_can_not_claim_the_name_of_a_project_with_other_repos(desk: Desk) -> None:
    desk.write_person(HOLDS_BLOG).write_repo("name = 'blog'\nshell = 'zsh'\n")
    with pytest.raises(ProjectTakenOver):
        desk.load(origin="https://evil.example/blog")
    project = desk.load("blog", origin="https://evil.example/blog")
    assert (project.shell, project.repo_root) == ("bash", None)


def test_a_repo_can_not_claim_the_default_machine(desk: Desk) -> None:
    with pytest.raises(ProjectFaults) as caught:
        desk.write_repo("name = 'default'\n").load()
    assert isinstance(caught.value.faults[0], BadName)
    assert desk.load("default").repo_root is None


@pytest.mark.parametrize("owner", [None, "same"])
def test_a_repo_may_name_a_new_machine_and_its_own(desk: Desk, owner: str | None) -> None:
    project = desk.write_repo("name = 'blog'\n").load()
    check_owner(project, project.repo_root, desk.repo if owner else None)


@pytest.mark.parametrize("owner", ["/home/me/other", ""])
def test_a_repo_can_not_take_a_machine_that_something_else_owns(desk: Desk, owner: str) -> None:
    project = desk.write_repo("name = 'blog'\n").load()
    with pytest.raises(ProjectTakenOver) as caught:
        check_owner(project, project.repo_root, owner)
    assert "[projects.blog]" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_a_second_clone_may_use_the_machine_when_the_person_lists_the_repo(desk: Desk) -> None:
    project = desk.write_person(HOLDS_BLOG).write_repo("name = 'blog'\n").load()
    assert project.holds_origin
    check_owner(project, project.repo_root, "/home/me/first-clone")


def test_a_project_by_name_alone_claims_nothing(desk: Desk) -> None:
    project = desk.write_person("[projects.work]\n").load("work")
    check_owner(project, project.repo_root, "/home/me/other")


# Repos


def test_a_worktree_s_git_file_marks_a_root_too(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    (tmp_path / "src").mkdir()
    assert find_repo_root(tmp_path / "src") == tmp_path


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:me/blog.git",
        "git@GitHub.com:me/blog",
        "github.com:/me/blog.git",
        "ssh://git@github.com/me/blog.git",
        "ssh://git@github.com:22/me/blog/",
        "https://github.com/me/blog",
        "https://GitHub.COM/me/blog",
        "https://token@github.com:443/me/blog.git/",
        "git+ssh://git@github.com/me/blog",
        " git://github.com//me/blog.git ",
    ],
)
def test_all_urls_of_one_repo_are_equal(url: str) -> None:
    assert normalise(url) == normalise(BLOG_URL) == "github.com/me/blog"


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:me/blog2.git",
        "git@gitlab.com:me/blog.git",
        "ssh://git@github.com:2222/me/blog.git",
        "https://github.com@evil.example/me/blog",
        "https://evil.example/github.com/me/blog",
        "/srv/github.com/me/blog",
        "file:///github.com/me/blog",
        "./github.com:me/blog",
        "",
    ],
)
def test_urls_of_other_repos_differ(url: str) -> None:
    assert normalise(url) != normalise(BLOG_URL)


@pytest.mark.parametrize("url", ["/srv/a.git", "../a", "file:///a", "", "C/x:y"])
def test_a_path_of_this_host_is_not_remote(url: str) -> None:
    assert not is_remote(url)


def test_a_password_is_cut_from_an_http_url_only() -> None:
    assert without_password("https://a:b@h/x") == "https://h/x"
    assert without_password("ssh://git@h/x") == "ssh://git@h/x"


@given(url=st.text(max_size=40))
def test_normalising_any_text_gives_text_that_stays_the_same(url: str) -> None:
    once = normalise(url)
    assert isinstance(once, str)
    if is_remote(url.strip()):
        assert normalise(f"https://{once}") == once or "/" not in once.strip("/")


def test_a_repo_cannot_claim_a_project_with_mounts_that_does_not_list_it(desk: Desk) -> None:
    mounts = "[projects.blog]\nmounts = ['/data:rw']\n"
    desk.write_person(mounts).write_repo("name = 'blog'\n")
    with pytest.raises(ProjectTakenOver, match="does not list this repo"):
        desk.load()
    desk.write_person(f"{mounts}repos = ['{BLOG_URL}']\n")
    assert desk.load().name == "blog"
