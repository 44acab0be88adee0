"""What a guest says is newer than a checkpoint, by the real sh and git."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from nopal.lost_since import LostSince, read_answer, script

THEN = 1_600_000_000
ENVIRON = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b",
}


def commit(clone: Path, name: str, at: int) -> None:
    file = clone / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    os.utime(file, (at, at))
    dates = {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"}
    for words in (("init", "-q"), ("add", "--", name), ("commit", "-qm", name)):
        subprocess.run(["git", *words], cwd=clone, env={**ENVIRON, **dates}, check=True)


def asked(home: Path) -> tuple[LostSince, ...] | None:
    sh = shutil.which("dash") or "sh"
    done = subprocess.run(
        [sh, "-c", script(THEN)],
        env={**ENVIRON, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return read_answer(done.stdout.splitlines())


def test_only_what_is_newer_is_counted(tmp_path: Path) -> None:
    clone = tmp_path / "code/a b"
    clone.mkdir(parents=True)
    commit(clone, "old", THEN - 60)
    commit(tmp_path / "code/same", "old", THEN - 60)
    assert asked(tmp_path) == ()
    commit(clone, "new", THEN + 60)
    (clone / "-draft\n").write_text("x")
    (clone / ".gitignore").write_text("built\n")
    (clone / "built").write_text("x")
    assert asked(tmp_path) == (LostSince(str(clone), commits=1, files=3),)


def test_a_machine_without_clones_has_nothing_to_lose(tmp_path: Path) -> None:
    assert asked(tmp_path) == ()
