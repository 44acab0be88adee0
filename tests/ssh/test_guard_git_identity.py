"""Identity as the real git tells it, from configuration files of a home of our own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from guard_fixtures import run

from guard.git_identity import GitConfigUnreadable, GitIdentity, read_git_identity


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def environ(home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", **more}


def set_global(home: Path, key: str, value: str) -> None:
    run("git", "config", "--global", key, value, env=environ(home))


def read(home: Path, directory: Path | None = None, *urls: str) -> GitIdentity:
    return read_git_identity(environ(home), directory=directory, repo_urls=urls)


@pytest.mark.parametrize(
    "name",
    ["Foo; Bar", "Foo # Bar", 'Foo "Q" Bar', "Ünï Çødé 李", " Foo\\Bar", "$(id) `id` {{.X}}"],
)
def test_a_name_survives_whatever_it_holds(home: Path, name: str) -> None:
    set_global(home, "user.name", name)
    assert read(home).name == name


def test_without_configuration_the_identity_says_what_is_missing(home: Path) -> None:
    assert read(home).missing == ("user.name", "user.email")


def test_a_repos_own_setting_holds_there_and_nowhere_else(home: Path, tmp_path: Path) -> None:
    set_global(home, "user.email", "me@home.example")
    run("git", "init", "-q", tmp_path / "work", env=environ(home))
    run("git", "-C", tmp_path / "work", "config", "user.email", "me@work.example")
    assert read(home, tmp_path / "work").email == "me@work.example"
    assert read(home).email == "me@home.example"


def test_include_if_gitdir_holds_in_its_folder(home: Path, tmp_path: Path) -> None:
    set_global(home, "user.email", "me@home.example")
    set_global(home, f"includeIf.gitdir:{tmp_path}/work/.path", "~/work.inc")
    (home / "work.inc").write_text("[user]\n\temail = me@work.example\n")
    run("git", "init", "-q", tmp_path / "work/site", env=environ(home))
    assert read(home, tmp_path / "work/site").email == "me@work.example"


def test_include_if_hasconfig_holds_for_a_repo_that_is_not_cloned_here(home: Path) -> None:
    set_global(home, "user.email", "me@home.example")
    set_global(home, "includeIf.hasconfig:remote.*.url:git@corp.example:*/**.path", "~/work.inc")
    (home / "work.inc").write_text("[user]\n\temail = me@work.example\n\tsigningKey = ~/w.pub\n")
    ours = read(home, None, "git@github.com:me/blog.git", "git@corp.example:team/site.git")
    assert (ours.email, ours.signing_key) == ("me@work.example", "~/w.pub")
    assert read(home, None, "git@github.com:me/blog.git").email == "me@home.example"


def test_a_remote_with_quotes_does_not_break_out_of_the_scratch_repo(home: Path) -> None:
    url = 'x"]\n[user]\n\tname = Mallory\n[remote "y'
    with pytest.raises(GitConfigUnreadable):
        read(home, None, url)


def test_git_dir_in_the_environment_does_not_answer_for_another_repo(
    home: Path, tmp_path: Path
) -> None:
    run("git", "init", "-q", tmp_path / "other", env=environ(home))
    run("git", "-C", tmp_path / "other", "config", "user.name", "Other")
    env = environ(home, GIT_DIR=str(tmp_path / "other/.git"))
    assert read_git_identity(env).name == ""


def test_signing_settings_are_read_as_git_means_them(home: Path) -> None:
    (home / ".gitconfig").write_text(
        "[user]\n\tsigningkey = key::ssh-ed25519 AAAA\n[gpg]\n\tformat = ssh\n[commit]\n\tgpgsign\n"
    )
    identity = read(home)
    assert identity.signing_key == "key::ssh-ed25519 AAAA"
    assert (identity.gpg_format, identity.signs_by_default) == ("ssh", True)


def test_a_name_with_a_line_break_is_refused(home: Path) -> None:
    (home / ".gitconfig").write_text('[user]\n\tname = "Foo\\n[core]"\n')
    with pytest.raises(GitConfigUnreadable, match=r"user\.name"):
        read(home)


def test_a_broken_file_is_named_by_gits_own_words(home: Path) -> None:
    (home / ".gitconfig").write_text("[user\n")
    with pytest.raises(GitConfigUnreadable, match="bad config line 1"):
        read(home)


def test_without_git_the_identity_is_empty_and_says_why(home: Path, tmp_path: Path) -> None:
    identity = read_git_identity({"PATH": str(tmp_path)})
    assert (identity.name, identity.origin) == ("", "git is not installed on this host")


def test_reading_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    script = (
        "import os; from guard.git_identity import read_git_identity;"
        " read_git_identity(os.environ, repo_urls=['git@h.example:a/b'])"
    )
    env = {**os.environ, "TMPDIR": str(scratch), "HOME": str(home)}
    subprocess.run(["python3", "-c", script], env=env, check=True)
    assert list(scratch.iterdir()) == []
