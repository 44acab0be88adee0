"""Public keys are read strictly, private ones refused by name."""

from __future__ import annotations

import base64
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import GuardError
from guard.public_key import (
    PrivateKeyRefused,
    PublicKeyFileMissing,
    PublicKeyMalformed,
    parse_public_key,
    read_public_key_file,
)
from guard.wire import MalformedMessage, string, take_string


def line(kind: str, *fields: bytes, comment: str = "") -> str:
    blob = b"".join(string(one) for one in (kind.encode(), *fields))
    return f"{kind} {base64.b64encode(blob).decode()} {comment}".rstrip()


ED25519 = line("ssh-ed25519", b"k" * 32)
POINT = b"\x04" + b"p" * 64
GOOD = {
    "ed25519": ED25519,
    "rsa": line("ssh-rsa", b"\x01\x00\x01", b"\x00" + b"\xff" * 384),
    "ecdsa": line("ecdsa-sha2-nistp256", b"nistp256", POINT),
    "sk-ed25519": line("sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:"),
    "sk-ecdsa": line("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", POINT, b"ssh:"),
}
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END"


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_each_kind_that_can_sign_reads_back_without_its_comment(text: str) -> None:
    key = parse_public_key(f"{text} ada@laptop\n")
    assert (key.line, key.comment, key.can_sign) == (text, "ada@laptop", True)


def test_the_fingerprint_is_the_one_that_openssh_shows() -> None:
    github = (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"  # public
    )
    published = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
    assert parse_public_key(github).fingerprint == published


def test_a_comment_may_speak_of_a_private_key() -> None:
    assert parse_public_key(f"{ED25519} my private key").comment == "my private key"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 not-base64!",
        f"{ED25519}\n{ED25519}",
        f'command="touch x" {ED25519}',
        f"no-pty {ED25519}",
        ED25519.replace("ssh-ed25519", "ssh-rsa"),
        line("ssh-ed25519", b"k" * 31),
        line("ssh-ed25519", b"k" * 32, b"more"),
        line("ecdsa-sha2-nistp256", b"nistp384", POINT),
        line("ssh-dss", b"1", b"2", b"3", b"4"),
        line("ssh-ed25519-cert-v01@openssh.com", b"nonce"),
        f"ssh-ed25519 {'A' * 20000}",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(PublicKeyMalformed):
        parse_public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        PRIVATE,
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        "PuTTY-User-Key-File-3: ssh-ed25519",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==",
        f"{ED25519}\n{PRIVATE}",
    ],
)
def test_a_private_key_is_refused_by_name_and_not_repeated(text: str) -> None:
    with pytest.raises(PrivateKeyRefused) as caught:
        parse_public_key(text, where="`signing_key`")
    assert str(caught.value).startswith("`signing_key` holds a private key")
    assert text not in str(caught.value)


def test_a_path_without_pub_means_the_pub_beside_it_and_the_other_is_not_opened(
    tmp_path: Path,
) -> None:
    (tmp_path / "id.pub").write_text(ED25519 + " me\n")
    os.mkfifo(tmp_path / "id")  # opening it would hang
    assert read_public_key_file(tmp_path / "id").line == ED25519


def test_a_private_key_in_a_pub_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "id.pub").write_text(PRIVATE)
    with pytest.raises(PrivateKeyRefused):
        read_public_key_file(tmp_path / "id.pub")


def test_an_absent_pub_file_comes_with_the_command_that_makes_it(tmp_path: Path) -> None:
    (tmp_path / "id").write_text(PRIVATE)
    with pytest.raises(PublicKeyFileMissing) as caught:
        read_public_key_file(tmp_path / "id")
    assert f"ssh-keygen -y -f {tmp_path}/id > {tmp_path}/id.pub" in str(caught.value)


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "id.pub"
    make = os.mkfifo if kind == "fifo" else os.mkdir
    make(path)
    with pytest.raises(PublicKeyFileMissing):
        read_public_key_file(path)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(GuardError):
        parse_public_key(text)


@given(st.binary())
def test_any_bytes_are_a_string_or_refused(data: bytes) -> None:
    with suppress(MalformedMessage):
        value, rest = take_string(data)
        assert string(value) + rest == data
