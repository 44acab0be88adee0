"""The file by which the person's own git knows who signs in their machines."""

from __future__ import annotations

import stat
from datetime import datetime, timezone
from pathlib import Path

import pytest
from agent_messages import key

from guard.public_key import PublicKey, key_from_blob
from nopal.signers import Signers, machine_signer, person_signer, with_signer

NOON = datetime(2026, 5, 4, 12, 0, 1, tzinfo=timezone.utc)


def public(name: str) -> PublicKey:
    return key_from_blob(key(name).agent_key.blob)


def test_a_machine_is_called_by_its_name_and_signs_for_git_alone() -> None:
    line = machine_signer("blog", public("user")).line
    assert line == f'nopal-blog namespaces="git" {public("user").line}'
    assert with_signer("", machine_signer("blog", public("user")), NOON) == f"{line}\n"


def test_who_is_there_is_not_entered_again() -> None:
    signer = machine_signer("blog", public("user"))
    text = with_signer("", signer, NOON)
    assert with_signer(text, signer, NOON) == text


def test_a_key_that_another_took_the_place_of_is_good_for_the_time_before() -> None:
    text = with_signer("", machine_signer("blog", public("user")), NOON)
    text = with_signer(text, machine_signer("blog", public("other")), NOON)
    assert text.splitlines() == [
        f'nopal-blog namespaces="git",valid-before="20260504120001" {public("user").line}',
        f'nopal-blog namespaces="git" {public("other").line}',
    ]


def test_other_machines_persons_and_lines_of_ones_own_stay() -> None:
    ann = person_signer("ann@example.com", public("user"))
    assert ann is not None
    mine = "# mine\nbob@example.com ssh-ed25519 AAAA\n"
    text = with_signer(mine, machine_signer("blog", public("user")), NOON)
    text = with_signer(text, machine_signer("blog.two", public("user")), NOON)
    text = with_signer(text, ann, NOON)
    later = with_signer(text, machine_signer("blog.two", public("other")), NOON)
    assert later.splitlines()[:3] == text.splitlines()[:3]
    assert ann.line in later.splitlines()
    also = person_signer("ann@example.com", public("other"))
    assert also is not None
    assert ann.line in with_signer(later, also, NOON).splitlines()


@pytest.mark.parametrize("email", ["", "*@example.com", "ann", "a b@c", "ann@x,*", "!ann@x", "ä@b"])
def test_an_address_that_is_no_plain_one_is_left_out(email: str) -> None:
    assert person_signer(email, public("user")) is None


def test_the_file_is_made_for_the_person_alone_and_left_alone_when_it_is_right(
    tmp_path: Path,
) -> None:
    signers = Signers(tmp_path / "keys/allowed_signers")
    assert signers.text == ""
    signers.keep(machine_signer("blog", public("user")))
    before = signers.path.stat()
    assert stat.S_IMODE(before.st_mode) == 0o600
    signers.keep(machine_signer("blog", public("user")))
    assert signers.path.stat().st_ino == before.st_ino
