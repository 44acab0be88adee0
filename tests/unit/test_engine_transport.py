"""The pure parts of the transports."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.errors import GuestUnreachable, HostKeyChanged, HostKeyUnknown
from provision.transport.address import SshAddress
from provision.transport.agent import LONGEST_MESSAGE, read_message
from provision.transport.known_hosts import HostKey, pin, pinned, verify
from provision.transport.openssh import OpenSshTransport, is_master_alive
from provision.transport.wire import ARGUMENT_LIMIT, Lines, command

ADDRESS = SshAddress(
    "127.0.0.1", 60022, "dev", Path("/k 1%"), Path("/hosts"), "nopal-x", Path("/m")
)
ONE, TWO = HostKey("ssh-ed25519", b"one"), HostKey("ssh-ed25519", b"two")


@given(chunks=st.lists(st.binary(max_size=20)))
def test_lines_are_those_of_the_whole_however_it_is_cut(chunks: list[bytes]) -> None:
    lines: list[str] = []
    reader = Lines(lines.append)
    for chunk in chunks:
        reader.feed(chunk)
    reader.end()
    whole = b"".join(chunks).decode(errors="backslashreplace")
    assert lines == (whole.removesuffix("\n").split("\n") if whole else [])


def test_a_small_script_is_an_argument_and_a_large_one_goes_on_stdin() -> None:
    assert command("true").stdin == b""
    large = command("#" * ARGUMENT_LIMIT)
    assert len(large.line) < 100
    assert large.stdin.startswith(b"{\n#")


def test_what_is_private_is_no_argument() -> None:
    wanted = command("echo private", is_private=True)
    assert "private" not in wanted.line
    assert wanted.stdin == b"{\necho private\n} </dev/null\n"
    assert "private" not in command("echo private", "pass", is_private=True).line


@pytest.mark.parametrize("script", ["true", "#" * ARGUMENT_LIMIT], ids=["small", "large"])
def test_a_secret_is_a_line_of_stdin_after_the_script(script: str) -> None:
    wanted = command(script, "pass word")
    assert wanted.stdin.endswith(b"pass word\n")
    assert "pass" not in wanted.line + repr(wanted)


@pytest.mark.parametrize("secret", ["two\nlines", "a\0b"])
def test_a_secret_of_more_than_a_line_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        command("true", secret)


def test_an_argument_has_no_backslash_within_single_quotes() -> None:
    assert command("a\\b'c").line == "exec sh -c 'a'\"\\\\\"'b'\"'\"'c' 2>&1"


@given(body=st.binary(max_size=50), rest=st.binary(max_size=10))
def test_an_agents_message_is_read_whole_and_no_further(body: bytes, rest: bytes) -> None:
    message = struct.pack(">I", len(body)) + body
    left = bytearray(message + rest)

    def receive(size: int) -> bytes:
        taken = bytes(left[: min(size, 3)])
        del left[: len(taken)]
        return taken

    expected = message if body else b""
    assert read_message(receive) == expected
    assert bytes(left) == rest


def test_an_agents_message_that_is_too_long_ends_the_conversation() -> None:
    assert read_message(lambda _: struct.pack(">I", LONGEST_MESSAGE + 1)) == b""


def test_a_pinned_key_is_found_under_its_own_name_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "known_hosts"
    pin(path, "nopal-a", ONE)
    pin(path, "nopal-b", TWO)
    assert pinned(path, "nopal-a") == (ONE,)
    assert pinned(path, "nopal-b") == (TWO,)
    assert pinned(path, "nopal") == ()
    assert path.stat().st_mode & 0o777 == 0o600


def test_lines_that_make_no_sense_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("# nopal-a is here\nnopal-a\nnopal-a ssh-ed25519 !!!\n\n@revoked nopal-a x\n")
    assert pinned(path, "nopal-a") == ()


def test_a_new_key_is_pinned_when_that_is_allowed_and_refused_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    with pytest.raises(HostKeyUnknown, match="SHA256:"):
        verify(path, "a", ONE, "dev@x", accept_new=False)
    verify(path, "a", ONE, "dev@x", accept_new=True)
    verify(path, "a", ONE, "dev@x", accept_new=False)
    with pytest.raises(HostKeyChanged) as caught:
        verify(path, "a", TWO, "dev@x", accept_new=True)
    assert (caught.value.expected, caught.value.found) == (ONE.fingerprint, TWO.fingerprint)


def test_ssh_asks_the_persons_configuration_nothing() -> None:
    words = OpenSshTransport(ADDRESS).arguments("true", agent=None)
    assert words[:4] == ["ssh", "-F", "none", "-T"]
    assert words[-3:] == ["--", "127.0.0.1", "true"]
    assert 'IdentityFile="/k 1%%"' in words
    assert 'ControlPath="/m"' in words
    assert "ForwardAgent=no" in words
    assert "StrictHostKeyChecking=yes" in words


def test_ssh_shares_no_master_when_it_carries_the_agent() -> None:
    words = OpenSshTransport(ADDRESS).arguments("true", agent=Path("/agent"))
    assert "ControlPath=none" in words
    assert "ForwardAgent=yes" in words
    assert 'IdentityAgent="/agent"' in words


def test_an_address_without_an_alias_is_pinned_by_host_and_port() -> None:
    assert SshAddress("h", 22, "u").alias == "[h]:22"
    assert str(ADDRESS) == "dev@127.0.0.1:60022"


def test_a_stale_control_socket_is_no_master(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("m")
    assert not is_master_alive(Path("m"))
    assert not is_master_alive(None)


def test_an_unreachable_guest_is_told_with_and_without_a_step() -> None:
    assert str(GuestUnreachable("dev@x:1", "refused")) == "Cannot reach dev@x:1 by SSH: refused"
    assert str(GuestUnreachable("dev@x:1", "gone", "apt:git")) == (
        "The connection to dev@x:1 broke while `apt:git` was applied: gone\n"
        "Run the same command again: what is done is skipped, the rest is finished."
    )
