"""Repo URLs, branches and folders: what is let through, and what never is."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.repo_url import (
    BranchRefused,
    RepoUrlRefused,
    check_branch,
    folder_names,
    parse_repo_url,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("git@github.com:me/blog.git", ("ssh", "git", "github.com", None, "me/blog")),
        ("github-work:me/blog", ("ssh", "", "github-work", None, "me/blog")),
        ("host:blog.git", ("ssh", "", "host", None, "blog")),
        ("git@host:me/blog.git/", ("ssh", "git", "host", None, "me/blog")),
        ("ssh://git@host:2222/srv/git/blog.git", ("ssh", "git", "host", 2222, "srv/git/blog")),
        ("ssh://host/~me/blog", ("ssh", "", "host", None, "~me/blog")),
        ("ssh://git@[::1]:22/a/b", ("ssh", "git", "::1", 22, "a/b")),
        ("https://gitlab.com/a/b/c.git", ("https", "", "gitlab.com", None, "a/b/c")),
        ("git@host:team/.github.git", ("ssh", "git", "host", None, "team/.github")),
    ],
)
def test_the_usual_forms_are_read(text: str, parts: tuple[object, ...]) -> None:
    url = parse_repo_url(text)
    assert (url.scheme, url.user, url.host, url.port, url.path) == parts
    assert str(url) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "--upload-pack=touch x",
        "-u",
        "--upload-pack=x:y",
        "ext::sh -c touch% x",
        "ext::sh",
        "fd::17/foo",
        "transport::address",
        "ssh://-oProxyCommand=x/y/z",
        "-oProxyCommand=x:y/z",
        "git@-oProxyCommand=x:y/z",
        "-x@host:y/z",
        "ssh://-x@host/y/z",
        "host:-oProxy/x",
        "host:--upload-pack=x",
        "ssh://host/a/--upload-pack=x",
        "git@host:me/$(touch x)",
        "git@host:me/`id`",
        "git@host:me/a;b",
        "git@host:me/a b",
        "git@host:me/a\nb",
        "git@host:me/a\u202eb",
        "git@host:me/'a",
        'git@host:me/"a',
        "git@host:me/a\\b",
        "git@host:me/{a,b}",
        "http://host/me/blog",
        "git://host/me/blog",
        "file:///srv/blog",
        "/srv/blog",
        "../blog",
        "~/blog",
        "./host:blog",
        "git+ssh://host/me/blog",
        "blog",
        "host:",
        "host:/",
        "host:..",
        "host:a/../b",
        "host:.git",
        "host:me/.git",
        "host:me/.GIT",
        "host:me/..git",
        "ssh://host",
        "ssh://host/",
        "ssh://host:0/a/b",
        "ssh://host:70000/a/b",
        "https://host/a?b=c",
        "https://host/a#b",
        "x" * 2000,
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(RepoUrlRefused):
        parse_repo_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://ada:hunter2@host/me/blog",
        "https://hunter2@host/me/blog",
        "ssh://ada:hunter2@host/me/blog",
        "https://ada:hunter2@x@host/me/blog",
        "http://ada:hunter2@host/me/blog",
        "https://ada:hun/ter2hunter2@host/me/blog",
        "ada:hunter2@host:me/blog",
    ],
)
def test_credentials_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(RepoUrlRefused) as caught:
        parse_repo_url(text)
    assert "hunter2" not in str(caught.value)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1))
def test_what_is_let_through_is_no_option_and_no_shell(text: str) -> None:
    with suppress(RepoUrlRefused):
        url = parse_repo_url(text)
        assert not url.text.startswith("-")
        assert not url.host.startswith("-")
        assert not set("$`;&|<>()'\"\\ \n\t*?{}").intersection(url.text)
        assert folder_names([url])[0] not in ("", ".", "..", ".git")


@pytest.mark.parametrize(
    ("urls", "folders"),
    [
        (["git@h:me/blog.git"], ("blog",)),
        (["git@h:me/blog.git", "git@h:you/blog.git"], ("blog", "you-blog")),
        (["git@h:me/Blog", "git@h:you/blog"], ("Blog", "you-blog")),
        (["git@h:me/x", "git@i:me/x", "git@j:me/x"], ("x", "me-x", "j-me-x")),
        (["git@h:me/x", "git@h:me/x", "git@h:me/x"], ("x", "me-x", "h-me-x")),
        (["git@h:x", "git@i:x"], ("x", "i-x")),
        (["git@h:me/~", "git@h:me/a@b"], ("repo", "a-b")),
        (["git@h:b/a", "git@h:c/b-a", "git@h:b/a"], ("a", "b-a", "h-b-a")),
    ],
)
def test_each_repo_gets_a_folder_of_its_own(urls: list[str], folders: tuple[str, ...]) -> None:
    assert folder_names([parse_repo_url(url) for url in urls]) == folders


def test_many_repos_of_one_name_never_share_a_folder() -> None:
    names = folder_names([parse_repo_url("git@h:me/x")] * 20)
    assert len({name.casefold() for name in names}) == 20


@pytest.mark.parametrize("branch", ["main", "a/b", "v1.2", "ünï", "a@b", "x{y}", "fix-#3"])
def test_usual_branches_are_taken(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch",
    ["", "-b", "--upload-pack=x", "$(id)", "`id`", "a b", "a..b", "HEAD", "@", "a.lock", "a\n"],
)
def test_branches_that_could_be_something_else_are_refused(branch: str) -> None:
    with pytest.raises(BranchRefused):
        check_branch(branch)
