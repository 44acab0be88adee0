from __future__ import annotations

import base64

import pytest
from step_facts import FACTS

from provision import GitClone, GitConfig

BLOG = GitClone("git@github.com:me/blog.git", "~/code/blog")


def listed(*entries: str) -> str:
    return base64.b64encode("".join(f"{entry}\0" for entry in entries).encode()).decode()


def test_a_clone_that_is_there_is_never_touched() -> None:
    assert BLOG.plan("clone", FACTS) is None


def test_something_else_in_the_place_of_a_clone_is_left_to_the_person() -> None:
    change = BLOG.plan("other", FACTS)
    assert change is not None
    assert change.script == ""


def test_a_clone_grows_beside_its_place_and_is_renamed_when_it_is_whole() -> None:
    change = GitClone(BLOG.url, BLOG.to, branch="it's").plan("", FACTS)
    assert change is not None
    assert change.script.splitlines()[-2:] == [
        "git clone --recurse-submodules '--branch=it'\"'\"'s' -- git@github.com:me/blog.git"
        ' "$HOME"/code/.blog.nopal-clone',
        'mv -T -- "$HOME"/code/.blog.nopal-clone "$HOME"/code/blog',
    ]


def test_a_clone_is_made_as_the_login_user_with_the_agent() -> None:
    assert (BLOG.run_as, BLOG.needs_agent) == ("login", True)


def test_git_never_asks_and_speaks_only_what_is_allowed() -> None:
    change = BLOG.plan("", FACTS)
    assert change is not None
    assert "GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=ssh:https" in change.script
    assert "-o BatchMode=yes -o StrictHostKeyChecking=accept-new" in change.script


@pytest.mark.parametrize("url", ["", "--upload-pack=x", "a b", "a\nb", "a\x7f"])
def test_what_git_could_take_for_an_option_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="of a repository"):
        GitClone(url, "~/x")


@pytest.mark.parametrize("branch", ["-x", "--upload-pack=x", "a b"])
def test_what_git_could_take_for_an_option_is_no_branch(branch: str) -> None:
    with pytest.raises(ValueError, match="of a repository"):
        GitClone("https://x/y", "~/x", branch=branch)


@pytest.mark.parametrize("value", ["A; B # C", 'say "hi"', "Zoë", "a\nb", "  x ", "", "-x", "a\\b"])
def test_a_value_of_any_characters_that_is_there_calls_for_no_change(value: str) -> None:
    assert GitConfig("user.name", value).plan(listed(f"user.name\n{value}"), FACTS) is None


def test_section_and_variable_count_in_any_case_but_not_what_is_between() -> None:
    state = listed("url.https://A/.insteadof\nx")
    assert GitConfig("URL.https://A/.insteadOf", "x").plan(state, FACTS) is None
    assert GitConfig("url.https://a/.insteadOf", "x").plan(state, FACTS) is not None


def test_a_key_without_a_value_means_true() -> None:
    assert GitConfig("commit.gpgsign", "true").plan(listed("commit.gpgsign"), FACTS) is None


def test_all_values_of_a_key_are_compared_and_replaced_as_a_whole() -> None:
    step = GitConfig("include.path", ("a", "b"), path="/etc/gitconfig")
    assert step.plan(listed("include.path\na", "x.y\n1", "include.path\nb"), FACTS) is None
    change = step.plan(listed("include.path\na"), FACTS)
    assert change is not None
    assert change.script.splitlines()[1:] == [
        'git config -f /etc/gitconfig --unset-all include.path || [ "$?" = 5 ]',
        "git config -f /etc/gitconfig --add include.path a",
        "git config -f /etc/gitconfig --add include.path b",
    ]


def test_a_value_is_set_in_nopals_own_file_as_the_login_user() -> None:
    step = GitConfig("user.name", "A; B")
    change = step.plan("", FACTS)
    assert step.run_as == "login"
    assert change is not None
    assert change.script == (
        'mkdir -p -- "$HOME"/.config/nopal\n'
        "git config -f \"$HOME\"/.config/nopal/gitconfig --replace-all user.name 'A; B'"
    )


def test_a_file_that_git_cannot_read_is_left_to_the_person() -> None:
    change = GitConfig("user.name", "x").plan("broken", FACTS)
    assert change is not None
    assert change.script == ""


def test_each_file_is_read_once_for_all_its_keys() -> None:
    steps = [GitConfig("a.b", "1"), GitConfig("c.d", "2", path="~/x"), GitConfig("e.f", "3")]
    assert GitConfig.batch_probe(steps).count(".config/nopal/gitconfig") == 1
    assert GitConfig.batch_states(steps, "AA==\nbroken") == ["AA==", "broken", "AA=="]


@pytest.mark.parametrize("key", ["", "x", "x.", ".x", "a b.c", "x.-y", "--global.x"])
def test_what_git_would_refuse_as_a_key_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        GitConfig(key, "x")
