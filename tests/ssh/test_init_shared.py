"""`init --shared` as a person types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from answering import Answering


@pytest.fixture
def ann(tmp_path: Path) -> Answering:
    home = tmp_path / "ann"
    (home / "code/blog").mkdir(parents=True)
    (home / "code/blog/.env").write_text("TOKEN=1\n")
    return Answering(home)


def test_it_explains_asks_and_adds_to_the_persons_own_file(ann: Answering) -> None:
    told = ann.type("init", "--shared", "--name", "dev", cwd=ann.home / "code", status=1)
    assert "  blog/.env\n" in told.stderr
    assert not ann.projects_file.exists()
    ann.projects_file.parent.mkdir(parents=True)
    ann.projects_file.write_text("# mine\n[defaults]\nshell = 'zsh'\n")
    told = ann.type("init", f"--shared={ann.home}/code", "--name", "dev", "--yes")
    table = '[projects.dev]\nmode = "shared"\nmounts = ["~/code:rw"]\nwatch = "events"\n'
    assert ann.projects_file.read_text() == f"# mine\n[defaults]\nshell = 'zsh'\n\n{table}"
    shown = ann.type("config", cwd=ann.home / "code/blog").stdout
    assert "shared" in shown
    assert "is there already" in ann.type("init", "--shared=./code", "--name=dev", status=1).stderr


def test_a_whole_home_is_not_given_away(ann: Answering) -> None:
    for folder in ("/", str(ann.home), str(ann.home.parent)):
        told = ann.type("init", f"--shared={folder}", "--yes", status=2)
        assert "your whole home" in told.stderr
    assert not ann.projects_file.exists()


def test_a_folder_that_cannot_be_mounted_is_refused(ann: Answering) -> None:
    (ann.home / "my code").mkdir()
    assert "my code" in ann.type("init", "--shared=my code", "--yes", status=2).stderr
    assert "no folder" in ann.type("init", "--shared=none", "--yes", status=2).stderr


def test_a_projects_machine_becomes_a_folders_and_back(ann: Answering) -> None:
    text = "# mine\n[projects.blog]\nprofiles = []  # none\n"
    ann.projects_file.parent.mkdir(parents=True)
    ann.projects_file.write_text(text)
    code = ann.home / "code"
    asked = ann.type("convert", "--shared", "-p", "blog", cwd=code, status=1)
    assert "  blog/.env\n" in asked.stderr
    assert ann.projects_file.read_text() == text
    ann.type("convert", "--shared", "-p", "blog", "--yes", cwd=code)
    assert "shared" in ann.type("config", cwd=code / "blog").stdout
    told = ann.type("convert", "--alone", "--yes", cwd=code / "blog")
    assert f"loses {code}" in told.stderr
    assert ann.projects_file.read_text() == text
    assert "which" in ann.type("convert", "-p", "blog", status=2).stderr
