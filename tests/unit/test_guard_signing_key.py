"""The choice of a signing key, from values alone."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from guard.git_identity import GitIdentity
from guard.public_key import PrivateKeyRefused, PublicKey, PublicKeyMalformed
from guard.signing_key import (
    ForeignSigningFormat,
    NoSigning,
    SigningKey,
    SigningKeyNotInAgent,
    SigningKeyUnknown,
    choose_signing_key,
)
from guard.ssh_config import SshConfig, keys_in_order_of_offer, parse_ssh_config
from guard.wire import string

HOME = Path("/home/ada")


def key(seed: bytes, comment: str = "", kind: str = "ssh-ed25519") -> PublicKey:
    fields = [kind.encode(), seed * 32] if kind == "ssh-ed25519" else [kind.encode(), b"\3", seed]
    blob = b"".join(string(one) for one in fields)
    return PublicKey(kind, base64.b64encode(blob).decode(), comment)


WORK, PLAY, ABSENT = key(b"w", "work"), key(b"p", "play"), key(b"a", "absent")
RSA = key(b"r", "old", "ssh-rsa")
CERTIFICATE = PublicKey("ssh-ed25519-cert-v01@openssh.com", WORK.blob_base64, "cert")
AGENT = (RSA, WORK, PLAY)
FILES = {HOME / ".ssh/work": WORK, HOME / ".ssh/work.pub": WORK, Path("/k/absent.pub"): ABSENT}
SSH = GitIdentity(gpg_format="ssh", signing_key="~/.ssh/work", signs_by_default=True)
PGP = GitIdentity(signing_key="0xDEADBEEF", signs_by_default=True)


def choose(
    setting: str | bool = "",
    identity: GitIdentity | None = None,
    agent: Sequence[PublicKey] = AGENT,
    offered: Sequence[PublicKey] | None = None,
) -> SigningKey | NoSigning:
    return choose_signing_key(
        setting,
        identity or GitIdentity(),
        agent,
        home=HOME,
        offered=None if offered is None else lambda: offered,
        read_public=lambda path: FILES[path],
    )


def chosen(*arguments: object, **named: object) -> PublicKey:
    found = choose(*arguments, **named)  # type: ignore[arg-type]
    assert isinstance(found, SigningKey)
    return found.key


@pytest.mark.parametrize(
    "setting",
    [
        PLAY.line,
        f"key::{PLAY.line}",
        f"{PLAY.line} any comment",
        PLAY.fingerprint,
        "play",
    ],
    ids=["line", "key::", "line with comment", "fingerprint", "comment"],
)
def test_the_projects_setting_comes_first_in_every_form(setting: str) -> None:
    assert chosen(setting, SSH).is_same_key(PLAY)


@pytest.mark.parametrize("setting", ["~/.ssh/work", "~/.ssh/work.pub", ".ssh/work.pub"])
def test_the_projects_setting_may_be_a_path_of_the_home(setting: str) -> None:
    assert chosen(setting) == WORK


def test_gits_own_setting_comes_second() -> None:
    assert chosen("", SSH) == WORK
    literal = GitIdentity(signing_key=f"key::{PLAY.line}", gpg_format="ssh")
    assert chosen("", literal).is_same_key(PLAY)


def test_a_relative_path_in_gits_setting_starts_at_the_repo() -> None:
    identity = GitIdentity(gpg_format="ssh", signing_key="work", directory=HOME / ".ssh")
    assert chosen("", identity) == WORK


def test_the_key_that_a_forge_is_offered_comes_last() -> None:
    assert chosen(offered=[PLAY, WORK]) == PLAY
    assert chosen() == WORK, "an ed25519 key before others"
    assert chosen(agent=[RSA]) == RSA


def test_what_is_offered_but_not_held_is_not_chosen() -> None:
    assert chosen(offered=[ABSENT, PLAY]) == PLAY


def test_signing_false_is_an_answer_whatever_git_says() -> None:
    assert isinstance(choose(False, PGP), NoSigning)
    assert isinstance(choose(False, SSH, agent=()), NoSigning)


def test_without_any_key_and_any_wish_commits_stay_unsigned_with_a_reason() -> None:
    nothing = choose(agent=())
    assert isinstance(nothing, NoSigning)
    assert "ssh-add" in nothing.fix
    assert isinstance(choose(agent=[CERTIFICATE]), NoSigning)


@pytest.mark.parametrize(
    ("setting", "identity"),
    [("/k/absent.pub", GitIdentity()), (ABSENT.line, SSH), (ABSENT.fingerprint, SSH)],
)
def test_a_wanted_key_that_the_agent_lacks_is_an_error_that_lists_what_it_holds(
    setting: str, identity: GitIdentity
) -> None:
    with pytest.raises(SigningKeyNotInAgent) as caught:
        choose(setting, identity)
    assert caught.value.wanted == ABSENT.fingerprint
    assert WORK.fingerprint in str(caught.value)
    assert str(caught.value).count("\n") <= 2


def test_openpgp_and_x509_come_with_two_ways_out() -> None:
    x509 = GitIdentity(gpg_format="x509", signing_key="me@corp")
    for identity, name in ((PGP, "OpenPGP"), (x509, "X.509")):
        with pytest.raises(ForeignSigningFormat) as caught:
            choose("", identity, offered=[PLAY])
        assert name in str(caught.value)
        assert f'signing_key = "{PLAY.fingerprint}"' in str(caught.value)
        assert "signing = false" in str(caught.value)
        assert chosen("play", identity) == PLAY


def test_a_stray_openpgp_key_id_without_signing_does_not_stand_in_the_way() -> None:
    assert chosen("", GitIdentity(signing_key="0xDEADBEEF")) == WORK


@pytest.mark.parametrize("prefix", ["", "key::"])
def test_a_private_key_in_a_setting_is_refused_by_name(prefix: str) -> None:
    text = f"{prefix}-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"
    with pytest.raises(PrivateKeyRefused, match="the project's `signing_key`"):
        choose(text)
    identity = GitIdentity(gpg_format="ssh", signing_key=text)
    with pytest.raises(PrivateKeyRefused, match=r"git's `user\.signingkey`"):
        choose("", identity)


def test_a_certificate_cannot_be_chosen() -> None:
    with pytest.raises(PublicKeyMalformed, match="certificate"):
        choose(f"key::{CERTIFICATE.line}")


def test_an_unknown_comment_gets_its_nearest_neighbour() -> None:
    with pytest.raises(SigningKeyUnknown, match="Did you mean `work`"):
        choose("wrok")


def test_a_comment_that_two_keys_share_is_no_choice() -> None:
    twin = key(b"t", "work")
    with pytest.raises(SigningKeyUnknown) as caught:
        choose("work", agent=[WORK, twin])
    assert WORK.fingerprint in str(caught.value)
    assert twin.fingerprint in str(caught.value)


def test_keys_that_an_identity_file_names_are_offered_first() -> None:
    config = parse_ssh_config(
        "user git\nidentityagent ~/a b.sock\nidentityfile none\nidentityfile ~/.ssh/work\n", HOME
    )
    assert config == SshConfig("~/a b.sock", (HOME / ".ssh/work",), identities_only=False)

    def offered(config: SshConfig) -> tuple[PublicKey, ...]:
        return keys_in_order_of_offer(config, (RSA, PLAY, WORK), lambda path: FILES[path])

    assert offered(config) == (WORK, PLAY, RSA)
    assert offered(SshConfig("", config.identity_files, identities_only=True)) == (WORK,)
