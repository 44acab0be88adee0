"""What the data of a sign request is; anything that is not exactly known is unknown."""

from __future__ import annotations

import pytest
from agent_messages import key, login, message, request, session_id
from asyncssh.packet import String
from hypothesis import given
from hypothesis import strategies as st

from guard.keys.signed_data import Login, Message, Unknown, classify

KINDS = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ssh-rsa"]
HOST = key("host").blob


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("host_key", [None, HOST], ids=["plain", "host-bound"])
def test_a_login_is_known_for_each_kind_of_key(kind: str, host_key: bytes | None) -> None:
    by = key("user", kind)
    data = login(by=by, host_key=host_key)
    assert classify(request(data, by)) == Login(session_id("b"), "git", host_key)


@pytest.mark.parametrize(("name", "size"), [("sha256", 32), ("sha512", 64)])
def test_a_signed_message_is_known(name: str, size: int) -> None:
    data = message("git", hash_name=name, digest=b"d" * size)
    assert classify(request(data)) == Message("git", name, b"d" * size)


CERTIFICATE = String("ssh-ed25519-cert-v01@openssh.com") + String(bytes(32)) * 3
UNKNOWN = {
    "nothing": b"",
    "random bytes, as of `ssh-add -T`": session_id("x", 64),
    "a certificate to be signed": CERTIFICATE,
    "the name of signed messages alone": b"SSHSIG",
    "a login with a byte more": login() + b"\0",
    "a login with a host key by the plain method": login() + String(HOST),
    "a host-bound login without its host key": login(method="publickey-hostbound-v00@openssh.com"),
    "a host-bound login with a byte more": login(host_key=HOST) + b"\0",
    "a login to another service": login(service="ssh-userauth"),
    "a login of pam_ssh_agent_auth": login(service="pam_ssh_agent_auth"),
    "a login by another method": login(method="password"),
    "a login by a method with a NUL": login(method="publickey\0"),
    "a login by hostbased": login(method="hostbased"),
    "another message's number": login(number=80),
    "a login without the signature's flag": login(has_signature=False),
    "a login with a flag of 2": login(has_signature=2),
    "a login with another key within": login(key_blob=key("other").blob),
    "a login with no key within": login(key_blob=b""),
    "a login by another algorithm": login(algorithm=b"ssh-rsa"),
    "a login of an empty session id": login(b""),
    "a login of a short session id": login(bytes(16)),
    "a login of an odd session id": login(bytes(33)),
    "a login of a long session id": login(bytes(128)),
    "a login of nobody": login(user=""),
    "a user with an escape sequence": login(user="git\x1b[2J"),
    "a user with a NUL": login(user="git\0"),
    "a user with a line break": login(user="git\nroot"),
    "a user who turns the writing around": login(user="git\u202e"),
    "a user who is no UTF-8": login(user=b"\xff\xfe"),
    "a user with a very long name": login(user="g" * 300),
    "a message without a namespace": message(""),
    "a namespace with a NUL": message("git\0x"),
    "a namespace with a blank at its end": message("git "),
    "a namespace with a line break": message("git\n"),
    "a message with a reserved field": message(reserved=b"x"),
    "a message with a byte more": message() + b"\0",
    "a message with a short hash": message(digest=bytes(63)),
    "a message with a long hash": message(digest=bytes(65)),
    "a message with no hash": message(digest=b""),
    "a message with the hash of another name": message(hash_name="sha256"),
    "a message with SHA-1": message(hash_name="sha1", digest=bytes(20)),
    "a message with an unknown hash": message(hash_name="sha3", digest=bytes(64)),
    "a message whose name is lower case": b"sshsig" + message()[6:],
}


@pytest.mark.parametrize("data", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_whatever_else_is_unknown(data: bytes) -> None:
    assert isinstance(classify(request(data)), Unknown)


@pytest.mark.parametrize("flags", [1, 2, 4, 6, 2**31])
def test_flags_are_for_rsa_alone(flags: int) -> None:
    assert isinstance(classify(request(login(), flags=flags)), Unknown)


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 6, 8])
def test_an_rsa_signature_is_the_login_s_own_with_sha2(flags: int) -> None:
    by = key("user", "ssh-rsa")
    assert isinstance(classify(request(login(by=by), by, flags)), Unknown)


def test_a_certificate_signs_nothing() -> None:
    by = request(login(key_blob=CERTIFICATE))
    assert isinstance(classify(type(by)(CERTIFICATE, by.data, 0)), Unknown)


@given(st.binary(max_size=400))
def test_any_bytes_are_classified(data: bytes) -> None:
    assert isinstance(classify(request(data)), Unknown)


@given(st.binary(max_size=100), st.binary(max_size=400), st.integers(0, 2**32 - 1))
def test_any_key_and_flags_are_classified(blob: bytes, data: bytes, flags: int) -> None:
    one = request(data)
    assert isinstance(classify(type(one)(blob, data, flags)), Unknown)
