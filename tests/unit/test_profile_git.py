"""Identity and signing as git reads them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.errors import WrongOption
from profiles.git import (
    ALLOWED_SIGNERS,
    CONFIG,
    NotAPublicKey,
    allowed_signers,
    git,
    git_config,
    settings,
)
from profiles.guest import Guest
from provision import Block, File

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhbm5lcg"
GUEST = Guest(
    name="blog", git_name="Ann", git_email="ann@example.com", signing_key=f"{KEY} ann@laptop"
)
UNSIGNED = replace(GUEST, signing_key="")


def config(guest: Guest, **options: object) -> str:
    [step] = [
        step for step in git.steps(options, guest) if isinstance(step, File) and step.path == CONFIG
    ]
    assert isinstance(step.content, str)
    return step.content


def test_the_public_key_itself_is_the_signing_key() -> None:
    assert settings(GUEST)["user.signingKey"] == f"key::{KEY}"


def test_a_key_that_is_a_literal_already_stays_one() -> None:
    assert settings(replace(GUEST, signing_key=f"key::{KEY}"))["user.signingKey"] == f"key::{KEY}"


def test_commits_and_tags_are_signed_by_ssh() -> None:
    found = settings(GUEST)
    assert (found["gpg.format"], found["commit.gpgSign"], found["tag.gpgSign"]) == (
        "ssh",
        "true",
        "true",
    )


def test_without_a_key_nothing_of_signing_stays_behind() -> None:
    assert "gpgSign" not in config(UNSIGNED)
    assert "signingKey" not in config(UNSIGNED)
    assert allowed_signers(UNSIGNED) == ""


def test_the_whole_file_is_nopals_so_that_no_setting_goes_stale() -> None:
    paths = [step.path for step in git.steps({}, UNSIGNED) if isinstance(step, File)]
    assert {CONFIG, ALLOWED_SIGNERS} <= set(paths)


def test_the_persons_own_file_is_left_alone() -> None:
    touched = [getattr(step, "path", "") for step in git.steps({}, GUEST)]
    assert "~/.gitconfig" not in touched
    [block] = [
        step
        for step in git.steps({}, GUEST)
        if isinstance(step, Block) and step.path == "/etc/gitconfig"
    ]
    assert block.content == f"[include]\n\tpath = {CONFIG}\n"


@pytest.mark.parametrize(
    "key",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n",
        "/home/ann/.ssh/id_ed25519",
        "ssh-ed25519",
        "ssh-ed25519 $(id)",
    ],
    ids=["private", "path", "cut off", "command"],
)
def test_what_is_no_public_key_never_leaves_the_host(key: str) -> None:
    with pytest.raises(NotAPublicKey) as caught:
        git.steps({}, replace(GUEST, signing_key=key))
    assert caught.value.project == "blog"
    assert "PRIVATE" not in str(caught.value)


def test_teammates_are_allowed_signers_too() -> None:
    guest = replace(GUEST, allowed_signers=("bob@example.com ssh-ed25519 AAAABob",))
    assert allowed_signers(guest) == f"ann@example.com {KEY}\nbob@example.com ssh-ed25519 AAAABob\n"


@pytest.mark.parametrize(
    ("email", "principal"),
    [
        ('"ann, b"@example.com', "?ann??b?@example.com"),
        ("*@example.com", "?@example.com"),
        ("ann\n@example.com", "ann?@example.com"),
        ("jürgen@example.com", "jürgen@example.com"),
    ],
)
def test_an_address_cannot_widen_who_may_sign(email: str, principal: str) -> None:
    assert allowed_signers(replace(GUEST, git_email=email)) == f"{principal} {KEY}\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Foo; Bar # Baz", '"Foo; Bar # Baz"'),
        ('Ann "The Hat" O\'Neil', '"Ann \\"The Hat\\" O\'Neil"'),
        ("back\\slash", '"back\\\\slash"'),
        ("Jürgen 🌵", '"Jürgen 🌵"'),
        ("two\nlines\t", '"two\\nlines\\t"'),
    ],
)
def test_nasty_names_survive(value: str, written: str) -> None:
    assert f"\tname = {written}\n" in config(replace(GUEST, git_name=value))


@given(value=st.text())
def test_no_value_can_open_a_section_or_end_its_line(value: str) -> None:
    lines = git_config({"user.name": value}).split("\n")
    assert lines[1:2] == ["[user]"]
    assert len(lines) == 4


def test_a_subsection_is_quoted() -> None:
    assert '[gpg "ssh"]\n\tallowedSignersFile = ' in config(GUEST)


def test_settings_of_the_options_win() -> None:
    text = config(GUEST, config={"fetch.prune": "false", "url.git@h:.insteadOf": "https://h/"})
    assert '[fetch]\n\tprune = "false"\n' in text
    assert '[url "git@h:"]\n\tinsteadOf = "https://h/"\n' in text


@pytest.mark.parametrize("key", ["name", "user.na me", "user\n.name", ".x", "user."])
def test_a_setting_without_section_or_name_is_refused(key: str) -> None:
    with pytest.raises(WrongOption, match="no setting of git"):
        git.steps({"config": {key: "x"}}, GUEST)


def test_pinned_forges_are_a_block_in_the_systems_known_hosts() -> None:
    steps = git.steps({}, replace(GUEST, known_hosts="github.com ssh-ed25519 AAAA\n"))
    assert "block:/etc/ssh/ssh_known_hosts#nopal" in [step.id for step in steps]
