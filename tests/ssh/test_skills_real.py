"""Skills that are no longer wanted, removed by a real sh from a folder in place of root's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from profiles.guest import Guest, Skill, SkillFile
from profiles.skills import skills
from provision import Command

ROOT = "/usr/local/share/nopal/skills"


def tidied(home: Path, *wanted: Skill) -> list[str]:
    """Run the step as the engine would, twice over its guard; return the files that are left."""
    root = home / "root"
    *_others, step = skills(Guest(name="blog", home=str(home), skills=wanted))
    assert isinstance(step, Command)
    script, guard = (text.replace(ROOT, str(root)) for text in (step.script, step.unless))
    if subprocess.run(["sh", "-c", guard], check=False, capture_output=True).returncode:
        subprocess.run(["sh", "-ec", script], check=True)
    subprocess.run(["sh", "-c", guard], check=True)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def put(home: Path, *paths: str) -> None:
    for path in paths:
        place = home / "root" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")
        link = home / ".claude/skills" / path.partition("/")[0]
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(home / "root" / link.name)


def test_files_and_skills_that_went_away_here_go_away_there(tmp_path: Path) -> None:
    put(tmp_path, "tidy/SKILL.md", "tidy/old note.md", "gone/SKILL.md", "gone/deep/x")
    own = tmp_path / ".claude/skills/own"
    own.mkdir()
    (own.parent / "elsewhere").symlink_to(tmp_path / "nowhere")
    tidy = Skill("tidy", (SkillFile("SKILL.md", b"x"),))
    assert tidied(tmp_path, tidy) == ["tidy", "tidy/SKILL.md"]
    left = sorted(path.name for path in own.parent.iterdir())
    assert left == ["elsewhere", "own", "tidy"]


def test_without_skills_nothing_of_them_is_left(tmp_path: Path) -> None:
    put(tmp_path, "tidy/SKILL.md")
    assert tidied(tmp_path) == []
    assert list((tmp_path / ".claude/skills").iterdir()) == []
    assert not (tmp_path / "root").exists()
