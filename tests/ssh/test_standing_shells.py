"""The shell function, in the person's real shells, and where it starts in the machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from answering import CHECKOUT, INV, Answering
from sshd import running_sshd

FOLDER = "with space/naïve 日本 it's $(id)"


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Answering]:
    """A home whose `code` is "mounted": the sshd is of this very computer."""
    (tmp_path / "guest").mkdir()
    folder = tmp_path / "ann/code" / FOLDER
    folder.mkdir(parents=True)
    (folder / "words").write_text("#!/bin/sh\nprintf '<%s>' \"$@\"; pwd; exit 3\n")
    (folder / "words").chmod(0o755)
    project = f'mode = "shared"\nprofiles = []\nmounts = ["{tmp_path}/ann/code:rw"]\n'
    with running_sshd(
        tmp_path / "sshd", environment={"HOME": str(tmp_path / "guest"), "PS1": "in> "}
    ) as server:
        ann = Answering.at(tmp_path / "ann", server, project)
        programs = ann.home / "bin"
        programs.mkdir()
        nopal = programs / "nopal"
        nopal.write_text(f'#!/bin/sh\nexec {INV} --search-root {CHECKOUT} "$@"\n')
        nopal.chmod(0o755)
        yield ann


def path_of(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} on this host")
    return found


def environ(ann: Answering) -> dict[str, str]:
    return {"HOME": str(ann.home), "PATH": f"{ann.home}/bin:/usr/bin:/bin", "TERM": "dumb"}


def in_shell(
    ann: Answering, shell: str, line: str, *, below: str = FOLDER
) -> subprocess.CompletedProcess[str]:
    """Type `line` in a shell that has the function, in a folder of `code`."""
    made = ann.home / f"nm.{shell}"
    made.write_text(ann.type("shellenv", shell).stdout)
    return subprocess.run(
        [path_of(shell), "-c", f". {made}; {line}"],
        cwd=ann.home / "code" / below,
        env=environ(ann),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_function_runs_each_word_as_typed_where_one_stands(ann: Answering, shell: str) -> None:
    done = in_shell(ann, shell, "nm ./words 'a  b' '$HOME' '' -p --help '*'")
    there = ann.home / "code" / FOLDER
    assert (done.stdout, done.stderr) == (f"<a  b><$HOME><><-p><--help><*>{there}\n", "")
    assert done.returncode == 3


def test_outside_of_the_mounts_it_is_said_and_a_mount_is_taken(ann: Answering) -> None:
    done = in_shell(ann, "bash", "cd /; nm pwd")
    code = ann.home / "code"
    assert done.stdout == f"{code}\n"
    assert done.stderr == f"blog: this folder is not in the machine; starting in {code}\n"


def test_what_is_meant_for_one_folder_runs_in_no_other(ann: Answering, tmp_path: Path) -> None:
    # A folder that is in a mount here, and not in the machine: here it goes while one is in it.
    done = in_shell(ann, "bash", "mkdir gone; cd gone; rmdir ../gone; nm pwd")
    assert done.returncode != 0
    assert done.stdout == ""


def test_in_a_folder_of_the_machine_the_verbs_need_no_project(ann: Answering) -> None:
    there = ann.home / "code" / FOLDER
    (there / ".git").mkdir()
    (there / ".nopal.toml").write_text('name = "evil"\n')
    assert ann.type("run", "pwd", cwd=there).stdout == f"{there}\n"


def test_without_words_it_is_a_shell_in_that_folder(ann: Answering) -> None:
    made = ann.home / "nm.zsh"
    made.write_text(ann.type("shellenv", "zsh", "--name", "vm").stdout)
    child = pexpect.spawn(
        path_of("zsh"), ["-fi"], env=environ(ann), cwd=str(ann.home / "code"), encoding="utf-8"
    )
    child.timeout = 60
    child.sendline(f". {made}; cd 'with space'; vm")
    child.sendline("echo in \"${PWD##*/}\" by $PPI''D")
    child.expect("in with space by")
    child.close(force=True)


def test_what_cannot_be_a_function_is_refused(ann: Answering) -> None:
    assert "bash, zsh, fish" in ann.type("shellenv", "tcsh", status=2).stderr
    assert "letters" in ann.type("shellenv", "zsh", "--name", "a;id", status=2).stderr
    ann.projects_file.write_text("[projects.blog]\n")
    assert "-p NAME" in ann.type("shellenv", "zsh", status=2).stderr
