"""Conversations out of a machine that is a folder here, by a real sh, find and tar."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nopal.machine_errors import MachineError
from nopal.transcripts import bring_home, files, pack_script, search

FOLDERS = ("~/.claude/projects", "~/.codex/sessions", "~/.local/share/opencode")


def command(home: Path) -> list[str]:
    path = os.environ["PATH"]
    return ["env", "-i", f"HOME={home}", f"PATH={path}", "sh", "-c", pack_script(FOLDERS)]


def guest(tmp_path: Path, **contents: str) -> Path:
    home = tmp_path / "guest"
    for name, text in contents.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return home


def kept(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "host/blog"
    return {str(one.path.relative_to(folder)): one.path.read_text() for one in files(folder)}


def test_conversations_come_home_and_logins_and_links_do_not(tmp_path: Path) -> None:
    home = guest(
        tmp_path,
        **{
            ".claude/projects/-home-dev-code/1.jsonl": '{"said": "Hello"}\n',
            ".claude/.credentials.json": "secret-4711",
            ".local/share/opencode/auth.json": "secret-4712",
            ".local/share/opencode/storage/a b.json": "{}",
            ".local/share/opencode/bin/program": "\x7fELF",
        },
    )
    (home / ".claude/projects/link.json").symlink_to(home / ".claude/.credentials.json")
    tally = bring_home(command(home), "blog", tmp_path / "host")
    assert kept(tmp_path) == {
        ".claude/projects/home-dev-code/1.jsonl": '{"said": "Hello"}\n',
        ".local/share/opencode/storage/a b.json": "{}",
    }
    assert (tally.files, tally.missing) == (2, 0)
    assert (tmp_path / "host").stat().st_mode & 0o777 == 0o700


def test_what_was_kept_stays_when_the_machine_has_it_no_more(tmp_path: Path) -> None:
    home = guest(tmp_path, **{".codex/sessions/1.jsonl": "one", ".codex/sessions/2.jsonl": "two"})
    bring_home(command(home), "blog", tmp_path / "host")
    (home / ".codex/sessions/1.jsonl").unlink()
    (home / ".codex/sessions/2.jsonl").write_text("two and more")
    bring_home(command(home), "blog", tmp_path / "host")
    assert kept(tmp_path) == {
        ".codex/sessions/1.jsonl": "one",
        ".codex/sessions/2.jsonl": "two and more",
    }


def test_a_machine_without_conversations_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "guest/.claude/projects/empty").mkdir(parents=True)
    tally = bring_home(command(tmp_path / "guest"), "blog", tmp_path / "host")
    assert tally.files == 0
    assert not (tmp_path / "host/blog").exists()


def test_a_machine_that_sends_something_else_writes_nothing(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    hostile = f"cd {tmp_path} && tar --create --file=- --format=gnu -P ../outside outside"
    with pytest.raises(MachineError):
        bring_home(["sh", "-c", hostile], "blog", tmp_path / "host")
    assert kept(tmp_path) == {}


def test_conversations_are_searched_in_whatever_letters(tmp_path: Path) -> None:
    home = guest(tmp_path, **{".codex/sessions/1.jsonl": "a\nThe LOGIN\x1b[2J fails\n"})
    bring_home(command(home), "blog", tmp_path / "host")
    ((path, line, text),) = search(files(tmp_path / "host/blog"), "login")
    assert (path.name, line, text) == ("1.jsonl", 2, "The LOGIN [2J fails")
