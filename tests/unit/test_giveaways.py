"""What a person is told of a folder before a machine gets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nopal.check_file import check_text
from nopal.giveaways import explain, giveaways
from nopal.new_file import shared_table
from nopal.paths import Paths


@pytest.fixture
def code(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    for name in (
        "blog/.env",
        "blog/.env.example",
        "blog/.git/hooks/pre-commit",
        "blog/node_modules/x/.env",
        "blog/package.json",
        "blog/notes.txt",
        "work/deploy/id_ed25519",
        "work/deploy/id_ed25519.pub",
    ):
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/.env").touch()
    (code / "link").symlink_to(tmp_path / "elsewhere")
    return code


def test_names_that_look_like_credentials_and_what_runs_on_the_host_are_named(code: Path) -> None:
    found = giveaways(code)
    assert found.credentials == ["blog/.env", "work/deploy/id_ed25519"]
    assert found.runs == ["blog/.git/", "blog/package.json"]
    assert found.is_whole


def test_the_look_ends_and_says_so(code: Path) -> None:
    found = giveaways(code, most_names=3)
    assert not found.is_whole
    assert "not looked at to the end" in list(explain(code, found))[-1]


def test_a_long_list_is_cut(code: Path) -> None:
    found = giveaways(code)
    found.credentials = [f"{number}.pem" for number in range(9)]
    assert "  … and 7 more" in list(explain(code, found, most_lines=2))


def test_a_folder_that_may_not_be_read_is_no_error(tmp_path: Path) -> None:
    assert giveaways(tmp_path / "missing").credentials == []


def test_the_table_is_one_that_up_takes(tmp_path: Path) -> None:
    paths = Paths.from_environment({"NOPAL_HOME": "/n"}, is_root=False, home=tmp_path)
    text = "[projects.blog]\n# mine\n\n" + shared_table("dev", "~/Developer:rw")
    check_text(text, paths.config_file, paths, is_person=True)
    table = '[projects.dev]\nmode = "shared"\nmounts = ["~/Developer:rw"]\nwatch = "events"\n'
    assert text.endswith(table)
