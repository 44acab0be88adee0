"""`add` and `edit` as a person types them, with editors that are scripts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from answering import Answering

from nopal.edit_file import Edit, NotKept, editor_command
from nopal.errors import Place, ProjectFaults, UnreadableFile

URL = "git@github.com:example/docs.git"


@pytest.fixture
def ann(tmp_path: Path) -> Answering:
    home = tmp_path / "ann"
    (home / ".config/nopal").mkdir(parents=True)
    (home / ".config/nopal/projects.toml").write_text("# mine\n[projects.blog]\ncpus = 2\n")
    return Answering(home)


def with_editor(ann: Answering, script: str) -> Answering:
    editor = ann.home / "my editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    return replace(ann, environ={"VISUAL": f"'{editor}' --wait", "EDITOR": "false"})


def test_a_repo_is_added_once_and_comments_stay(ann: Answering) -> None:
    told = ann.type("add", URL, "-p", "blog", "--branch=next")
    assert "inv up -p blog" in told.stderr
    text = ann.projects_file.read_text()
    assert text.startswith("# mine\n[projects.blog]\ncpus = 2\n")
    assert f'{{url = "{URL}", branch = "next"}}' in text
    told = ann.type("add", "ssh://git@github.com/example/docs", "-p", "blog")
    assert "there already" in told.stderr
    assert ann.projects_file.read_text() == text


@pytest.mark.parametrize(
    "words",
    [
        ("ext::sh -c evil", "-p", "blog"),
        ("https://ann:secret@example.com/x", "-p", "blog"),
        (URL, "-p", "blog", "--branch=-x"),
        (URL, "-p", "blog", "--path=../x"),
        (URL, "-p", "bolg"),
    ],
)
def test_what_is_refused_changes_no_file(ann: Answering, words: tuple[str, ...]) -> None:
    before = ann.projects_file.read_text()
    told = ann.type("add", *words, status=None)
    assert told.returncode in (1, 2)
    assert "secret" not in told.stderr
    assert ann.projects_file.read_text() == before


def test_a_project_is_begun_when_that_is_asked_for(ann: Answering) -> None:
    ann.projects_file.unlink()
    ann.type("add", URL, "-p", "docs", "--new")
    assert ann.projects_file.read_text() == f'[projects.docs]\nrepos = ["{URL}"]\n'
    ann.type("add", URL, "-p", "not--good", "--new", status=2)


def test_a_good_edit_is_kept_and_leaves_nothing_else(ann: Answering) -> None:
    ann = with_editor(ann, '[ "$1" = --wait ] && sed -i s/2/3/ "$2"')
    assert "kept" in ann.type("edit", "-p", "blog").stderr
    assert ann.projects_file.read_text() == "# mine\n[projects.blog]\ncpus = 3\n"
    assert not list((ann.home / ".nopal/edit").iterdir())


def test_a_broken_edit_is_shown_dropped_and_not_lost(ann: Answering) -> None:
    before = ann.projects_file.read_text()
    ann = with_editor(ann, 'echo "cpuz = 4" >> "$2"')
    told = ann.type("edit", "-p", "blog", status=2)
    assert "did you mean `cpus`" in told.stderr
    assert ann.projects_file.read_text() == before
    copy = ann.home / ".nopal/edit/projects.toml"
    assert str(copy) in told.stderr
    assert "cpuz" in copy.read_text()


def test_an_editor_that_fails_or_does_nothing_changes_nothing(ann: Answering) -> None:
    before = ann.projects_file.read_text()
    assert "ended with 3" in with_editor(ann, "exit 3").type("edit", status=1).stderr
    assert "nothing was changed" in with_editor(ann, "true").type("edit").stderr
    gone = replace(ann, environ={"EDITOR": "/no/such"})
    assert "can't be started" in gone.type("edit", status=1).stderr
    assert ann.projects_file.read_text() == before


def test_the_repos_file_is_edited_where_the_project_is_the_repos(
    ann: Answering, tmp_path: Path
) -> None:
    repo = tmp_path / "shop"
    (repo / ".git").mkdir(parents=True)
    (repo / ".nopal.toml").write_text('name = "shop"\n')
    ann = with_editor(ann, 'echo "# seen" >> "$2"')
    ann.type("edit", cwd=repo)
    assert "# seen" in (repo / ".nopal.toml").read_text()
    ann.type("edit", "--mine", cwd=repo)
    assert "# seen" in ann.projects_file.read_text()
    (repo / ".nopal.toml").write_text('name = "shop\n')
    ann = with_editor(ann, 'echo \'name = "shop"\' > "$2"')
    ann.type("edit", cwd=repo)
    assert (repo / ".nopal.toml").read_text() == 'name = "shop"\n'
    (repo / ".nopal.toml").unlink()
    (repo / ".nopal.toml").symlink_to(ann.projects_file)
    assert "symbolic link" in ann.type("edit", cwd=repo, status=2).stderr


def test_a_person_may_edit_again_or_keep_a_broken_text(tmp_path: Path) -> None:
    file = tmp_path / "projects.toml"
    file.write_text("good")
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf x >> "$1"\n')
    editor.chmod(0o755)
    fault = ProjectFaults((UnreadableFile(Place(file), "bad"),))

    def check(text: str) -> None:
        if text != "goodxx":
            raise fault

    asked = []
    edit = Edit(file, tmp_path / "edit/copy", check, lambda f: asked.append(f) or "edit")
    assert edit.run([str(editor)], {"PATH": "/bin"}) == "kept"
    assert (file.read_text(), len(asked)) == ("goodxx", 1)
    keeping = replace(edit, ask=lambda _: "keep")
    assert keeping.run([str(editor)], {"PATH": "/bin"}) == "kept with faults"
    assert file.read_text() == "goodxxx"


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "projects.toml"
    file.write_text("old")
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho mine > "$1"; echo theirs > {file}\n')
    editor.chmod(0o755)
    edit = Edit(file, tmp_path / "edit/copy", lambda _: None, lambda _: "keep")
    with pytest.raises(NotKept) as refused:
        edit.run([str(editor)], {"PATH": "/bin"})
    assert file.read_text() == "theirs\n"
    assert refused.value.copy.read_text() == "mine\n"


def test_the_editor_is_the_persons_own_choice() -> None:
    assert editor_command({"VISUAL": "code --wait", "EDITOR": "vi"}) == ["code", "--wait"]
    assert editor_command({"VISUAL": " ", "EDITOR": "vi"}) == ["vi"]
