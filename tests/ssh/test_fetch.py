"""`fetch` as a person types it, from clones that a hostile machine prepared: real git and sshd."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from answering import Answering
from sshd import Sshd, running_sshd

URL = "git@github.com:example/blog.git"
WHO = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"} | {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "t"), ("EMAIL", "t@example.com"))
}


def git(folder: Path, *words: str, text: str | None = None) -> str:
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": "/", **WHO},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout.strip()


def commit(folder: Path, name: str = "a", text: str = "1") -> str:
    (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", f"Change {name}")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The clone in the machine."""
    place = tmp_path / "guest/code/blog"
    place.mkdir(parents=True)
    git(place, "init", "-q")
    commit(place)
    return place


@pytest.fixture
def here(tmp_path: Path, clone: Path) -> Path:
    """The repo on this computer, from the same origin."""
    place = tmp_path / "here"
    git(tmp_path, "clone", "-q", str(clone), str(place))
    git(place, "remote", "set-url", "origin", URL)
    return place


@pytest.fixture
def ann(sshd: Sshd, tmp_path: Path) -> Answering:
    return Answering.at(tmp_path / "ann", sshd, f'profiles = []\nrepos = ["{URL}"]\n')


def fetch(ann: Answering, here: Path, clone: Path, status: int = 0) -> str:
    return ann.type("fetch", "-p", "blog", "--dir", clone, cwd=here, status=status).stderr


def refs(repo: Path) -> set[str]:
    return set(git(repo, "for-each-ref", "--format=%(refname)").splitlines())


def test_branches_come_below_the_remote_and_nothing_else_moves(
    ann: Answering, here: Path, clone: Path
) -> None:
    git(clone, "checkout", "-qb", "try/one")
    new = commit(clone, "b")
    git(clone, "tag", "v1")
    git(clone, "update-ref", "refs/evil/x", new)
    before = refs(here)
    told = fetch(ann, here, clone)
    assert refs(here) - before == {
        "refs/remotes/nopal-blog/main",
        "refs/remotes/nopal-blog/try/one",
    }
    assert git(here, "rev-parse", "nopal-blog/try/one") == new
    assert f"nopal-blog/try/one is new at {new[:12]}" in told
    assert fetch(ann, here, clone).splitlines()[-1] == "blog: nothing new"
    assert not (here / ".git/FETCH_HEAD").exists()


def test_a_tag_of_the_person_is_never_moved(ann: Answering, here: Path, clone: Path) -> None:
    mine = git(here, "rev-parse", "HEAD")
    git(here, "tag", "v1")
    commit(clone, "b")
    git(clone, "tag", "v1")
    git(here, "config", "remote.nopal-blog.tagOpt", "--tags")
    git(here, "config", "fetch.pruneTags", "true")
    fetch(ann, here, clone)
    assert git(here, "rev-parse", "v1") == mine


def test_branches_that_ended_or_went_back_are_followed(
    ann: Answering, here: Path, clone: Path
) -> None:
    git(clone, "branch", "old")
    first = git(clone, "rev-parse", "HEAD")
    commit(clone, "b")
    fetch(ann, here, clone)
    git(clone, "branch", "-D", "old")
    git(clone, "reset", "-q", "--hard", first)
    told = fetch(ann, here, clone)
    assert "nopal-blog/old is gone" in told
    assert git(here, "rev-parse", "nopal-blog/main") == first


def test_neither_hooks_nor_settings_of_either_side_run(
    ann: Answering, here: Path, clone: Path, tmp_path: Path
) -> None:
    commit(clone, "b")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for name in ("reference-transaction", "post-merge", "post-checkout"):
        (here / f".git/hooks/{name}").write_text(trap.read_text())
        (here / f".git/hooks/{name}").chmod(0o755)
    git(here, "config", "core.sshCommand", str(trap))
    git(here, "config", "remote.nopal-blog.uploadpack", str(trap))
    (clone / ".git/hooks/post-update").write_text(trap.read_text())
    git(clone, "config", "core.sshCommand", str(trap))
    fetch(ann, here, clone)
    assert not (tmp_path / "sprung").exists()


def test_submodules_are_not_followed(ann: Answering, here: Path, clone: Path) -> None:
    (clone / ".gitmodules").write_text('[submodule "s"]\n\tpath = s\n\turl = ext::sh -c evil\n')
    other = git(clone, "rev-parse", "HEAD")
    git(clone, "update-index", "--add", "--cacheinfo", f"160000,{other},s")
    commit(clone, "b")
    git(here, "config", "fetch.recurseSubmodules", "true")
    fetch(ann, here, clone)
    assert not (here / ".git/modules").exists()


@pytest.mark.parametrize(
    ("name", "words"), [("..", "hasDotdot"), (".git", "hasDotgit"), (".GIT", "hasDotgit")]
)
def test_a_tree_that_would_write_elsewhere_when_checked_out_is_refused(
    ann: Answering, here: Path, clone: Path, name: str, words: str
) -> None:
    blob = git(clone, "hash-object", "-w", "--stdin", text="evil")
    inner = git(clone, "mktree", text=f"100644 blob {blob}\tconfig\n")
    entry = b"40000 " + name.encode() + b"\0" + bytes.fromhex(inner)
    made = subprocess.run(
        ["git", "hash-object", "-t", "tree", "--literally", "-w", "--stdin"],
        cwd=clone,
        input=entry,
        capture_output=True,
        check=True,
    )
    tree = made.stdout.decode().strip()
    evil = git(clone, "commit-tree", "-m", "evil", tree)
    git(clone, "branch", "evil", evil)
    told = fetch(ann, here, clone, status=1)
    assert words in told
    assert not [ref for ref in refs(here) if "nopal" in ref]


def test_a_gitmodules_that_is_an_option_or_a_link_is_refused(
    ann: Answering, here: Path, clone: Path
) -> None:
    (clone / ".gitmodules").write_text('[submodule "s"]\n\tpath = s\n\turl = --upload-pack=evil\n')
    commit(clone, "b")
    assert "gitmodulesUrl" in fetch(ann, here, clone, status=1)


def server(
    tmp_path: Path, program: str, *, path: str = "git-upload-pack"
) -> tuple[Path, dict[str, str]]:
    """Return the folder and PATH of a machine whose git answers as `program` does."""
    place = tmp_path / "programs"
    place.mkdir()
    (place / path).write_text(f"#!/bin/sh\n{program}\n")
    (place / path).chmod(0o755)
    return place, {"PATH": f"{place}:/usr/bin:/bin"}


@pytest.mark.parametrize(
    "program",
    [
        "echo evil; yes | head -c 3000000 >&2",
        "printf '\\033[2J\\033]0;x\\007' >&2; exit 1",
        "head -c 100000 /dev/urandom",
        "printf '003f%s refs/heads/../../config\\n0000' $(printf %040d 1)",
    ],
    ids=["noise", "escapes", "bytes", "a ref that climbs"],
)
def test_a_server_that_is_no_git_changes_nothing_and_rules_no_terminal(
    tmp_path: Path, here: Path, clone: Path, program: str
) -> None:
    before = refs(here)
    with running_sshd(tmp_path / "other", environment=server(tmp_path, program)[1]) as sshd:
        ann = Answering.at(tmp_path / "bob", sshd, f'profiles = []\nrepos = ["{URL}"]\n')
        told = fetch(ann, here, clone, status=1)
    assert refs(here) == before
    assert "\x1b" not in told
    assert "git did not fetch from the machine blog" in told


def test_a_pack_that_would_fill_the_disk_is_cut_off(
    ann: Answering, here: Path, clone: Path
) -> None:
    from nopal.fetching import FetchFailed, Fetching  # noqa: PLC0415

    (clone / "big").write_bytes(os.urandom(3_000_000))
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "big")
    ann.type("ssh-config")
    hosts = ann.home / ".nopal/ssh/config"
    environ = {"PATH": os.environ["PATH"], "HOME": str(ann.home)}
    fetching = Fetching(here, "nopal-blog", f"nopal-blog:{clone}", hosts, environ)
    with pytest.raises(FetchFailed):
        fetching.run("blog", 1_000_000)
    assert not [ref for ref in refs(here) if "nopal" in ref]
    assert fetching.run("blog", 1 << 30)


def test_what_cannot_be_fetched_is_said_in_words(
    ann: Answering, here: Path, clone: Path, tmp_path: Path
) -> None:
    def words(*typed: str, cwd: Path, status: int) -> str:
        return ann.type("fetch", *typed, cwd=cwd, status=status).stderr

    assert "no git repo is here" in words("-p", "blog", cwd=tmp_path, status=2)
    assert "no such" in words("-p", "blog", "--repo=no such", cwd=here, status=2)
    assert "no branch was changed" in words("-p", "blog", "--dir=/no/such", cwd=here, status=1)
    git(here, "remote", "set-url", "origin", "git@github.com:example/other.git")
    assert "has no clone of this repo" in words("-p", "blog", cwd=here, status=2)
    git(here, "remote", "set-url", "nopal-blog", "git@github.com:mine/own.git")
    told = words("-p", "blog", f"--dir={clone}", cwd=here, status=2)
    assert "git remote rename nopal-blog" in told


def test_a_later_plain_git_fetch_goes_the_same_way(ann: Answering, here: Path, clone: Path) -> None:
    fetch(ann, here, clone)
    new = commit(clone, "b")
    git(here, "config", "core.sshCommand", f"ssh -F {ann.home}/.nopal/ssh/config")
    git(here, "fetch", "-q", "nopal-blog")
    assert git(here, "rev-parse", "nopal-blog/main") == new
