"""Skills of this computer, read for a machine, and what makes them stand there."""

from __future__ import annotations

from pathlib import Path

import pytest

from nopal.skills import BadSkills, read_skills
from profiles.catalogue import load
from profiles.guest import Guest, Skill, SkillFile
from provision import File, Link


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "skills/tidy/SKILL.md", "Tidy up.")
    write(tmp_path / "skills/tidy/bin/run", "#!/bin/sh\n").chmod(0o755)
    write(tmp_path / "skills/notes/SKILL.md", "Take notes.")
    write(tmp_path / "skills/README.md", "mine")
    return tmp_path / "skills"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_each_folder_with_a_skill_file_is_a_skill_with_all_its_files(folder: Path) -> None:
    notes = Skill("notes", (SkillFile("SKILL.md", b"Take notes."),))
    tidy = Skill(
        "tidy",
        (SkillFile("SKILL.md", b"Tidy up."), SkillFile("bin/run", b"#!/bin/sh\n", True)),
    )
    assert read_skills([folder]) == (notes, tidy)
    assert read_skills([folder / "notes"]) == (notes,)
    assert read_skills([]) == ()


def test_the_skill_of_the_later_folder_counts(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "own/tidy/SKILL.md", "Another.")
    found = {skill.name: skill for skill in read_skills([folder, tmp_path / "own"])}
    assert found["tidy"].files == (SkillFile("SKILL.md", b"Another."),)


def test_a_folder_of_a_skill_may_be_a_link_and_what_is_in_it_may_not(
    folder: Path, tmp_path: Path
) -> None:
    secret = write(tmp_path / "id_ed25519", "secret")
    (folder / "tidy/key").symlink_to(secret)
    (folder / "tidy/all").symlink_to(tmp_path)
    write(folder / "tidy/.git/config", "x")
    write(folder / "tidy/.env", "x")
    (folder / "linked").symlink_to(folder / "tidy")
    found = {skill.name: skill for skill in read_skills([folder])}
    assert [file.path for file in found["linked"].files] == ["SKILL.md", "bin/run"]
    assert found["linked"].files == found["tidy"].files


def test_a_folder_that_is_not_there_or_has_no_skill_is_told(folder: Path) -> None:
    with pytest.raises(BadSkills, match="No such file"):
        read_skills([folder / "nowhere"])
    with pytest.raises(BadSkills, match="no folder in it has a SKILL"):
        read_skills([folder / "tidy/bin"])


@pytest.mark.parametrize("name", ["-x", "a b", "x;id", "ñ"])
def test_a_name_that_a_shell_could_misread_is_refused(folder: Path, name: str) -> None:
    write(folder / name / "SKILL.md", "x")
    with pytest.raises(BadSkills, match="can't name a skill"):
        read_skills([folder])


def test_a_folder_that_is_too_large_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "notes/large").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadSkills, match="notes alone is too large"):
        read_skills([folder])


def test_skills_are_roots_files_and_both_kinds_of_agents_are_led_to_them() -> None:
    skill = Skill("tidy", (SkillFile("SKILL.md", b"Tidy up."), SkillFile("run", b"x", True)))
    steps = load()["base"].steps({}, Guest(name="blog", skills=(skill,)))
    root = "/usr/local/share/nopal/skills/tidy"
    files = {one.path: one for one in steps if isinstance(one, File) and root in one.path}
    assert {path: (one.mode, one.owner, one.run_as) for path, one in files.items()} == {
        f"{root}/SKILL.md": ("0644", "root", "root"),
        f"{root}/run": ("0755", "root", "root"),
    }
    links = {one.path: one.target for one in steps if isinstance(one, Link)}
    assert links["~/.claude/skills/tidy"] == links["~/.agents/skills/tidy"] == root
