"""Defects of the best known tool, each held off by what a real shell, git or agent does.

The pure ones are in tests/unit/test_known_defects.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lima.guest import AGENT_SOCKET
from nopal.login_shell import command_script, prelude
from nopal.lost_work import SCRIPT, LostWork, read_answer
from nopal.ssh_command import ssh_command
from provision.transport.address import SshAddress

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "LANG": "C.UTF-8",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{
        f"GIT_{who}_{what}": "me@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    },
}


def sh(script: str, home: Path, *, shell: str = "sh", **variables: str) -> str:
    done = subprocess.run(
        [shell, "-c", script],
        cwd=home,
        env={**ENVIRONMENT, "HOME": str(home), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# 14. `destroy` never looks for uncommitted, unpushed or stashed work.


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("origin")
    sh(
        "git init -q -b main seed && git -C seed commit -q --allow-empty -m one"
        " && git clone -q --bare seed origin.git",
        root,
    )
    return root / "origin.git"


@pytest.mark.parametrize(
    ("work", "found"),
    [
        ("true", None),
        ("touch new", (1, 0, 0)),
        ("touch a && git add a", (1, 0, 0)),
        ("git commit -q --allow-empty -m two", (0, 1, 0)),
        ("git commit -q --allow-empty -m two && git push -q", None),
        (
            "git switch -q -c side && git commit -q --allow-empty -m 2 && git switch -q main",
            (0, 1, 0),
        ),
        ("git checkout -q --detach && git commit -q --allow-empty -m two", (0, 1, 0)),
        ("touch a && git add a && git stash -q", (0, 0, 1)),
        ("git remote remove origin", (0, 1, 0)),
    ],
    ids=[
        "nothing",
        "an untracked file",
        "a staged file",
        "a commit",
        "a pushed commit",
        "a commit of another branch",
        "a commit of no branch",
        "a stash",
        "a repo without a remote",
    ],
)
def test_work_that_is_nowhere_else_is_found(
    tmp_path: Path, origin: Path, work: str, found: tuple[int, int, int] | None
) -> None:
    server = tmp_path / "server.git"
    shutil.copytree(origin, server)
    clone = tmp_path / "code" / "my blog"
    clone.parent.mkdir()
    sh(f"git clone -q '{server}' '{clone}' && cd '{clone}' && {work}", tmp_path)
    wanted = (LostWork(str(clone), *found),) if found else ()
    assert read_answer(sh(SCRIPT, tmp_path).splitlines()) == wanted


def test_a_machine_without_clones_says_that_it_was_asked(tmp_path: Path) -> None:
    assert read_answer(sh(SCRIPT, tmp_path).splitlines()) == ()


# 27. A session keeps the agent of the connection that made it.


def test_a_session_of_an_older_nopal_finds_the_agent_that_stays(tmp_path: Path) -> None:
    link = tmp_path / ".local/state/nopal/agent.sock"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "gone")
    told = sh(f'{prelude()}echo "$SSH_AUTH_SOCK"', tmp_path, SSH_AUTH_SOCK="/tmp/other")
    assert told.strip() == str(link.readlink()) == AGENT_SOCKET


def test_a_login_makes_no_link_of_the_old_kind(tmp_path: Path) -> None:
    sh(prelude(), tmp_path)
    assert not (tmp_path / ".local").exists()


# 28. What `run` is told depends on the login shell.


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish"])
def test_a_command_reaches_bash_unchanged_through_every_login_shell(
    tmp_path: Path, shell: str
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    command = (
        r"""printf '%s\n' "it's" 'a\b' '$HOME' "\\" '!' `echo sub` "$([[ a == a ]] && echo yes)" """
    )
    address = SshAddress(host="127.0.0.1", port=22, user="dev")
    line = ssh_command(address, script=command_script(command, "~/code", required=False))[-1]
    wanted = ["it's", "a\\b", "$HOME", "\\", "!", "sub", "yes"]
    assert sh(line, tmp_path, shell=shell).splitlines() == wanted
