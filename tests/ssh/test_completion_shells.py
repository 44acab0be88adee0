"""Completion in real shells, set up by the verb."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pexpect
import pytest
from answering import CHECKOUT, Answering

PROGRAMS = f"{Path(sys.executable).parent}:/usr/bin:/bin"


@pytest.fixture
def ann(tmp_path: Path) -> Answering:
    home = tmp_path / "ann"
    (home / ".config/nopal").mkdir(parents=True)
    (home / ".config/nopal/projects.toml").write_text("[projects.blog]\n[projects.shop]\n")
    return Answering(home, {"PATH": PROGRAMS})


def has(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} on this host")
    return found


def run(ann: Answering, argv: list[str]) -> list[str]:
    """Run a shell in the checkout, where `inv` has nopal's verbs."""
    environ = {"PATH": PROGRAMS, "HOME": str(ann.home), "TERM": "xterm"}
    done = subprocess.run(
        argv, env=environ, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()


def in_bash(ann: Answering, *words: str) -> list[str]:
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        f". ~/.bashrc; COMP_WORDS=(inv {quoted}); COMP_CWORD={len(words)}\n"
        f"_nopal_complete inv '{words[-1]}' ''\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return run(ann, [has("bash"), "--norc", "-c", script])


def test_bash_completes_projects_verbs_and_profiles(ann: Answering) -> None:
    (ann.home / ".bashrc").write_text("alias ll='ls -l'\n")
    ann.type("completion", "--shell=bash", "--install", "--yes")
    assert in_bash(ann, "up", "-p", "") == ["blog", "shop"]
    assert in_bash(ann, "up", "--project", "=", "b") == ["blog"]
    assert in_bash(ann, "cp", "b") == ["blog:"]
    assert "docker" in in_bash(ann, "provision", "--only", "do")
    assert in_bash(ann, "dest") == ["destroy"]
    ann.type("completion", "--shell=bash", "--remove")
    assert (ann.home / ".bashrc").read_text() == "alias ll='ls -l'\n"
    assert not list((ann.home / ".nopal/completion").iterdir())


def test_fish_completes_without_a_line_of_the_persons_being_touched(ann: Answering) -> None:
    fish = has("fish")
    told = ann.type("completion", "--shell=fish", "--install", "--yes")
    script = ann.home / ".config/fish/conf.d/nopal.fish"
    assert str(script) in told.stderr
    assert run(ann, [fish, "-c", 'complete --do-complete "inv up -p "']) == ["blog", "shop"]
    assert run(ann, [fish, "-c", 'complete --do-complete "inv up --project=s"']) == [
        "--project=shop"
    ]
    ann.type("completion", "--shell=fish", "--remove")
    assert not script.exists()


def test_zsh_completes_at_a_press_of_tab(ann: Answering) -> None:
    zsh = has("zsh")
    ann.type("completion", "--install", "--yes", status=2)
    ann = replace(ann, environ={**ann.environ, "SHELL": zsh})
    ann.type("completion", "--install", "--yes")
    environ = {"PATH": PROGRAMS, "HOME": str(ann.home), "TERM": "dumb", "PS1": "> "}
    child = pexpect.spawn(zsh, ["-i"], env=environ, cwd=str(CHECKOUT), timeout=60, encoding="utf-8")
    child.sendline("PS1='re''ady> '")
    child.expect("ready> ")
    child.send("inv up -p bl\t")
    child.expect("inv up -p blog ")
    child.send("\x15inv help check\t")
    child.expect("inv help checkpoints ")
    child.sendcontrol("c")
    child.close(force=True)


def test_an_unknown_shell_is_named(ann: Answering) -> None:
    assert "bash, zsh, fish" in ann.type("completion", "--shell=tcsh", status=2).stderr
    assert "would get" in ann.type("completion", "--shell=bash", "--install", status=1).stderr
    assert "complete -o default" in ann.type("completion", "--shell=bash").stdout
    assert [path.name for path in ann.home.iterdir()] == [".config"]
