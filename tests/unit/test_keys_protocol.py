"""The messages of the agent protocol, read to the last byte; asyncssh is the other opinion."""

from __future__ import annotations

import pytest
from agent_messages import bind, encoded, encoded_bind, key, login, request, session_id
from asyncssh.packet import Boolean, Byte, SSHPacket, String, UInt32
from hypothesis import given
from hypothesis import strategies as st

from guard.keys.protocol import (
    ListKeys,
    SessionBind,
    SignRequest,
    Unwanted,
    identities_answer,
    parse_identities,
    parse_request,
    parse_sign_response,
    sign_response,
)
from guard.wire import MalformedMessage

SIGN = encoded(request(login()))
BIND = encoded_bind(bind(key("host")))
MANAGEMENT = [1, 3, 7, 8, 9, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26]


@pytest.mark.parametrize("number", MANAGEMENT)
@pytest.mark.parametrize("rest", [b"", b"\0" * 40], ids=["bare", "with a body"])
def test_no_message_that_manages_an_agent_is_understood(number: int, rest: bytes) -> None:
    assert isinstance(parse_request(bytes([number]) + rest), Unwanted)


def test_only_the_requests_of_a_client_are_understood() -> None:
    understood = {11, 13, 27}
    for number in set(range(256)) - understood:
        assert isinstance(parse_request(bytes([number]) + SIGN[1:]), Unwanted)


@pytest.mark.parametrize("name", ["query", "restrict-destination-v00@openssh.com", "", "\0"])
def test_no_extension_but_session_bind_is_understood(name: str) -> None:
    assert parse_request(Byte(27) + String(name) + BIND[29:]) == Unwanted("an extension")


def test_an_empty_message_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        parse_request(b"")


def test_a_list_request_has_no_body() -> None:
    assert parse_request(b"\x0b") == ListKeys()
    with pytest.raises(MalformedMessage):
        parse_request(b"\x0b\0")


@pytest.mark.parametrize("whole", [SIGN, BIND], ids=["sign", "bind"])
def test_a_message_that_is_cut_anywhere_or_has_more_is_malformed(whole: bytes) -> None:
    for cut in range(1, len(whole)):
        with pytest.raises(MalformedMessage):
            parse_request(whole[:cut])
    for tail in (b"\0", b"\1", SIGN, b"\0\0\0\0"):
        with pytest.raises(MalformedMessage):
            parse_request(whole + tail)


@pytest.mark.parametrize("value", [2, 127, 255])
def test_a_boolean_of_a_bind_is_0_or_1(value: int) -> None:
    with pytest.raises(MalformedMessage):
        parse_request(BIND[:-1] + bytes([value]))


def test_a_session_id_has_at_most_openssh_s_length() -> None:
    for size, is_fine in ((128, True), (129, False)):
        fields = (b"session-bind@openssh.com", b"k", bytes(size), b"s")
        body = Byte(27) + b"".join(map(String, fields)) + Boolean(False)
        if is_fine:
            assert isinstance(parse_request(body), SessionBind)
        else:
            with pytest.raises(MalformedMessage):
                parse_request(body)


@given(st.binary(), st.binary(), st.integers(0, 2**32 - 1))
def test_a_sign_request_reads_as_asyncssh_wrote_it(blob: bytes, data: bytes, flags: int) -> None:
    whole = Byte(13) + String(blob) + String(data) + UInt32(flags)
    parsed = parse_request(whole)
    assert parsed == SignRequest(blob, data, flags)
    assert isinstance(parsed, SignRequest)
    assert parsed.encode() == whole


@given(st.binary(), st.binary(max_size=128), st.binary(), st.booleans())
def test_a_bind_reads_as_asyncssh_wrote_it(
    host: bytes, session: bytes, signature: bytes, forwards: bool
) -> None:
    whole = encoded_bind(SessionBind(host, session, signature, forwards))
    parsed = parse_request(whole)
    assert parsed == SessionBind(host, session, signature, forwards)
    assert isinstance(parsed, SessionBind)
    assert parsed.encode() == whole


@given(st.lists(st.tuples(st.binary(), st.binary()), max_size=5))
def test_a_list_of_keys_reads_in_asyncssh_as_we_write_it(keys: list[tuple[bytes, bytes]]) -> None:
    body = identities_answer(keys)
    packet = SSHPacket(body)
    assert packet.get_byte() == 12
    read = [(packet.get_string(), packet.get_string()) for _ in range(packet.get_uint32())]
    packet.check_end()
    assert read == keys
    assert parse_identities(body) == tuple(keys)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x05",
        b"\x0c",
        b"\x0c\xff\xff\xff\xff",
        b"\x0c\0\0\0\1",
        b"\x0c\0\0\0\0\0",
        b"\x0c\0\0\x08\x01",
        b"\x0e\0\0\0\0",
    ],
    ids=["empty", "refusal", "bare", "many", "too few", "too much", "over the limit", "other"],
)
def test_an_agent_s_list_that_is_none_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_identities(body)


def test_an_agent_s_signature_is_passed_on_as_it_is() -> None:
    signature = key("user").sign(b"data")
    assert parse_sign_response(Byte(14) + String(signature)) == signature
    assert sign_response(signature) == Byte(14) + String(signature)
    hardware = String("sk-ssh-ed25519@openssh.com") + String(bytes(64)) + b"\1\0\0\0\7"
    assert parse_sign_response(sign_response(hardware)) == hardware


def test_an_agent_s_refusal_is_no_signature() -> None:
    assert parse_sign_response(b"\x05") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x06",
        b"\x05\0",
        b"\x0e",
        b"\x0e\0\0\0\0",
        Byte(14) + String(String("ssh-ed25519")),
        Byte(14) + String(String("ssh-ed25519") + String(bytes(64)) + b"\0"),
        Byte(14) + String(String("ssh-ed25519") + String(bytes(64))) + b"\0",
        Byte(12) + String(session_id("b")),
    ],
)
def test_an_agent_s_nonsense_is_no_signature(body: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_sign_response(body)
