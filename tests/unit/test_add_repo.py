from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_builder import BLOG_URL, Desk

from nopal.add_repo import EditByHand, Spot, as_written, spot_for, with_repo
from nopal.project import RepoEntry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OWN = Spot(Path("/h/projects.toml"), ("projects", "blog"), is_person=True)
REPO = Spot(Path("/r/.nopal.toml"), (), is_person=False)
NEW = "git@github.com:me/docs.git"


def test_a_list_of_one_line_gets_one_more_and_nothing_else_changes() -> None:
    text = '# mine\n[projects.blog] # the blog\nrepos = ["a"] # all\ncpus = 2\n\n[projects.b]\n'
    assert with_repo(text, OWN, NEW, []) == text.replace('["a"]', f'["a", "{NEW}"]')


def test_a_list_of_many_lines_keeps_its_comments_and_tables() -> None:
    text = (
        '[projects.blog]\nrepos = [\n  "a", # first\n'
        '  { url = "b", branch = "next" }, # second\n  # none below\n]\nports = "none"\n'
    )
    edited = with_repo(text, OWN, {"url": NEW, "path": "docs"}, [])
    for kept in ("# first", '{ url = "b", branch = "next" }', "# second", "# none below"):
        assert kept in edited
    assert tomllib.loads(edited)["projects"]["blog"] == {
        "repos": ["a", {"url": "b", "branch": "next"}, {"url": NEW, "path": "docs"}],
        "ports": "none",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        '[defaults]\nshell = "zsh"\n',
        "[projects.shop]\ncpus = 2\n",
        "[projects]\nblog.cpus = 2\n",
        "[projects.blog.options.docker]\nbuildx = true\n",
        "projects.blog.cpus = 2\n",
        "[projects.blog]\r\ncpus = 2\r\n",
        "[projects]\nblog = { cpus = 2 }\n",
    ],
)
def test_a_project_without_a_list_gets_one_however_it_is_written(text: str) -> None:
    try:
        edited = with_repo(text, OWN, NEW, ["a"])
    except EditByHand as refused:
        assert NEW in str(refused)
        return
    found = tomllib.loads(edited)
    assert found["projects"]["blog"].pop("repos") == ["a", NEW]
    for line in text.splitlines():
        assert line.rstrip(" }") in edited


def test_a_repos_own_file_has_the_list_at_its_top() -> None:
    edited = with_repo('name = "blog"\n\n[options.docker]\nbuildx = true\n', REPO, NEW, [])
    assert tomllib.loads(edited) == {
        "name": "blog",
        "repos": [NEW],
        "options": {"docker": {"buildx": True}},
    }


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_the_text_it_is_edited_rightly_or_refused(text: str, url: str) -> None:
    try:
        before = tomllib.loads(text)
    except ValueError:
        return
    try:
        edited = with_repo(text, OWN, url, [])
    except EditByHand:
        return
    blog = before.setdefault("projects", {}).setdefault("blog", {})
    blog["repos"] = [*blog.get("repos", []), url]
    assert tomllib.loads(edited) == before


def test_a_repo_is_added_where_its_list_stands(tmp_path: Path) -> None:
    desk = Desk(tmp_path).write_repo(f'name = "blog"\nrepos = ["{BLOG_URL}"]\n')
    assert spot_for(desk.load(), desk.repo_file).file == desk.repo_file
    desk.write_person(f'[projects.blog]\nrepos = ["{BLOG_URL}"]\n')
    assert spot_for(desk.load(), desk.repo_file).file == desk.person_file


def test_a_repo_without_a_list_keeps_its_own_origin_beside_the_new_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path).write_repo('name = "blog"\n')
    project = desk.load()
    spot = spot_for(project, desk.repo_file)
    edited = with_repo('name = "blog"\n', spot, NEW, [as_written(one) for one in project.repos])
    assert tomllib.loads(edited)["repos"] == [BLOG_URL, NEW]


def test_only_what_differs_from_the_defaults_is_written() -> None:
    assert as_written(RepoEntry("u")) == "u"
    assert as_written(RepoEntry("u", branch="b", dependencies=False)) == {
        "url": "u",
        "branch": "b",
        "dependencies": False,
    }
