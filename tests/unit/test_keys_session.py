"""What a connection has proven: binds as OpenSSH's own agent takes them, signed by asyncssh."""

from __future__ import annotations

from dataclasses import replace

import pytest
from agent_messages import bind, key, session_id
from asyncssh.packet import MPInt, String

from guard.keys.host_signature import is_signed_by_host
from guard.keys.protocol import SessionBind
from guard.keys.session import MAX_BINDS, Session

KINDS = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
]
A, B, C = (key(name) for name in "ABC")
SID = session_id("b")


def after(*binds: SessionBind) -> Session:
    session = Session()
    for one in binds:
        session = session.bound(one)
    return session


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [20, 32, 48, 64])
def test_a_host_s_signature_over_a_session_id_holds(kind: str, size: int) -> None:
    host, session = key("host", kind), session_id("b", size)
    assert is_signed_by_host(host.blob, host.sign(session), session)


@pytest.mark.parametrize("algorithm", [b"rsa-sha2-256", b"rsa-sha2-512"])
def test_an_rsa_host_may_use_either_sha2(algorithm: bytes) -> None:
    host = key("host", "ssh-rsa")
    assert is_signed_by_host(host.blob, host.pair.sign(SID, algorithm), SID)


def test_an_rsa_host_may_not_use_sha1() -> None:
    host = key("host", "ssh-rsa")
    assert not is_signed_by_host(host.blob, host.pair.sign(SID, b"ssh-rsa"), SID)


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_of_another_key_or_session_does_not_hold(kind: str) -> None:
    host, other = key("host", kind), key("other", kind)
    assert not is_signed_by_host(host.blob, other.sign(SID), SID)
    assert not is_signed_by_host(host.blob, host.sign(session_id("c")), SID)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_signature_does_not_hold(kind: str) -> None:
    host = key("host", kind)
    signature = host.sign(SID)
    for position in range(len(signature)):
        damaged = bytearray(signature)
        damaged[position] ^= 1
        assert not is_signed_by_host(host.blob, bytes(damaged), SID)
    for cut in range(len(signature)):
        assert not is_signed_by_host(host.blob, signature[:cut], SID)
    assert not is_signed_by_host(host.blob, signature + b"\0", SID)


@pytest.mark.parametrize("size", [0, 16, 31, 33, 40, 128])
def test_a_host_s_signature_over_another_text_is_no_bind(size: int) -> None:
    text = b"x" * size
    assert not is_signed_by_host(A.blob, A.sign(text), text)


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\0",
        A.blob[:-1],
        A.blob + b"\0",
        String("ssh-ed25519") + String(bytes(31)),
        String("ecdsa-sha2-nistp256") + String("nistp256") + String(b"\4" + bytes(64)),
        String("ssh-rsa") + MPInt(3) + MPInt(5),
        String("ssh-ed25519-cert-v01@openssh.com") + String(bytes(32)) * 2,
        String("\xff\n") + String(bytes(32)),
    ],
)
def test_a_host_key_that_is_none_proves_nothing(blob: bytes) -> None:
    assert not is_signed_by_host(blob, A.sign(SID), SID)


def test_an_ecdsa_signature_with_a_number_that_is_not_positive_does_not_hold() -> None:
    host = key("host", "ecdsa-sha2-nistp256")
    for r, s in ((0, 1), (1, 0), (-1, 1), (2**300, 1)):
        signature = String("ecdsa-sha2-nistp256") + String(MPInt(r) + MPInt(s))
        assert not is_signed_by_host(host.blob, signature, SID)


def test_a_client_that_says_where_it_logs_in_is_bound() -> None:
    assert after(bind(A)).login_bind == bind(A)


def test_a_forwarded_connection_may_be_bound_once_more_for_a_login() -> None:
    first, last = bind(A, session_id("a"), is_forwarding=True), bind(B)
    session = after(first, last)
    assert session.login_bind == last
    assert session.forwarding_keys == (A.blob,)
    assert not session.is_spoiled


def test_a_forwarding_bind_alone_is_for_no_login() -> None:
    assert after(bind(A, is_forwarding=True)).login_bind is None


SPOILED = {
    "a forged signature": [SessionBind(A.blob, SID, B.sign(SID), False)],
    "a signature over another session": [SessionBind(A.blob, SID, A.sign(session_id("c")), False)],
    "an empty signature": [SessionBind(A.blob, SID, b"", False)],
    "an empty host key": [SessionBind(b"", SID, A.sign(SID), False)],
    "an empty session id": [SessionBind(A.blob, b"", A.sign(b""), False)],
    "a bind after one for a login": [bind(A), bind(B, session_id("c"))],
    "the same bind after one for a login": [bind(A), bind(A)],
    "a forwarding bind after one for a login": [
        bind(A),
        bind(B, session_id("c"), is_forwarding=True),
    ],
    "one session id under two keys": [bind(A, SID, is_forwarding=True), bind(B, SID)],
    "a bind that is healed later": [replace(bind(A), signature=b"x"), bind(A)],
    "more binds than OpenSSH takes": [
        bind(A, session_id(str(n)), is_forwarding=True) for n in range(MAX_BINDS + 1)
    ],
}  # fmt: skip


@pytest.mark.parametrize("binds", SPOILED.values(), ids=SPOILED.keys())
def test_a_false_claim_spoils_the_connection(binds: list[SessionBind]) -> None:
    assert after(*binds).is_spoiled


def test_nothing_mends_a_spoiled_connection() -> None:
    session = after(replace(bind(A), signature=b"x"))
    assert session.bound(bind(A)).is_spoiled
    assert session.bound(bind(B, session_id("c"))).login_bind is None


def test_the_same_forwarding_bind_again_changes_nothing() -> None:
    one = bind(A, is_forwarding=True)
    assert after(one, one) == after(one)
