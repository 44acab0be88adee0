from __future__ import annotations

from pathlib import Path

import pytest
from project_builder import Desk

from nopal.convert import ConvertByHand, converted, explained, to_shared

FILE = Path("/home/ann/projects.toml")
TEXT = """\
# mine
[defaults]
cpus = 2

[projects.blog] # the blog
repos = ["git@github.com:me/blog.git"] # one
[projects.blog.git]
name = "Ann"

[projects.other]
cpus = 4
"""


def test_a_project_becomes_a_folders_and_back_without_losing_a_byte() -> None:
    wanted = {"mode": "shared", "mounts": ["~/code:rw"], "watch": "events"}
    shared = converted(TEXT, FILE, "blog", wanted)
    assert 'mode = "shared"\nmounts = ["~/code:rw"]\nwatch = "events"\n' in shared
    assert set(TEXT.splitlines()) < set(shared.splitlines())
    back = converted(shared, FILE, "blog", {})
    assert list(filter(None, back.splitlines())) == list(filter(None, TEXT.splitlines()))


def test_a_project_that_is_in_no_file_of_the_persons_gets_a_table() -> None:
    text = converted("", FILE, "blog", {"mode": "shared"})
    assert text == '[projects.blog]\nmode = "shared"\n'
    assert converted("", FILE, "blog", {}).strip() in {"", "[projects.blog]"}


def test_what_changes_and_what_stays_is_named(tmp_path: Path) -> None:
    desk = Desk(tmp_path).write_person("[projects.blog]\nrepos = ['git@localhost:me/blog.git']\n")
    code = desk.paths.user_home / "code"
    project = desk.load("blog")
    told = "\n".join(explained(project, code))
    assert f"the machine gets {code}, to read" in told
    assert "no key and signs no commit" in told
    assert "its clone of git@localhost:me/blog.git stays in ~/code" in told
    wanted = to_shared(project, code, "~/code")
    assert wanted["mounts"] == ["~/code:rw"]
    text = converted(desk.person_file.read_text(), desk.person_file, "blog", wanted)
    shared = desk.write_person(text).load("blog")
    assert (shared.mode, shared.watch) == ("shared", "events")
    told = "\n".join(explained(shared, None))
    assert f"the machine loses {code}, which stays as it is" in told
    assert to_shared(shared, code, "~/code")["mounts"] == [f"{code}:rw"]


def test_a_file_that_cannot_be_edited_is_told_what_to_write() -> None:
    with pytest.raises(ConvertByHand, match='mode = "shared"'):
        converted("projects = 1\n", FILE, "blog", {"mode": "shared"})
