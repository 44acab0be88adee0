"""What a person types for a host, and what ssh's answer about it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provision.errors import ConvergeError
from provision.transport.address import SshAddress
from provision.transport.known_hosts import HostKey, pinned
from provision.transport.openssh import OpenSshTransport
from provision.transport.ssh_config import address_of, parse
from provision.transport.target import BadTarget, Target, parse_target

HOME = {"HOME": "/home/ann", "USER": "ann", "SSH_AUTH_SOCK": "/agent", "OTHER": "/other"}


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("server", Target("server")),
        ("dev@server.example:2222", Target("server.example", "dev", 2222)),
        ("dev@[fe80::1%eth0]:22", Target("fe80::1%eth0", "dev", 22)),
        ("::1", Target("::1")),
        ("dev@2001:db8::1", Target("2001:db8::1", "dev")),
    ],
)
def test_a_host_is_read(typed: str, target: Target) -> None:
    assert parse_target(typed) == target


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-oProxyCommand=x",
        "-l@host",
        "a b",
        "host:",
        "host:0",
        "host:70000",
        "a@b@c",
        "h\n",
        "@h",
    ],
)
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(BadTarget) as caught:
        parse_target(typed)
    assert caught.value.exit_status == 2


@given(typed=st.text(max_size=12))
def test_any_text_is_read_as_itself_or_refused(typed: str) -> None:
    try:
        target = parse_target(typed)
    except BadTarget:
        return
    assert parse_target(str(target)) == target
    assert not target.host.startswith("-")


@pytest.mark.parametrize(
    ("typed", "is_local"), [("localhost", True), ("dev@localhost", False), ("localhost:22", False)]
)
def test_only_the_bare_name_is_this_machine(typed: str, is_local: bool) -> None:
    assert parse_target(typed).is_local is is_local


def address(answer: str, typed: str = "web") -> SshAddress:
    return address_of(parse_target(typed), parse(answer), HOME)


def test_what_ssh_says_becomes_an_address() -> None:
    found = address(
        "hostname 10.0.0.5\nuser dev\nport 2222\nidentityfile ~/.ssh/%h_%r\n"
        "identityfile /keys/two\nidentitiesonly yes\nidentityagent none\n"
        "userknownhostsfile /home/ann/known /home/ann/more\nglobalknownhostsfile /etc/known\n"
        "stricthostkeychecking accept-new\n"
    )
    assert str(found) == "dev@10.0.0.5:2222"
    assert found.alias == "[10.0.0.5]:2222"
    assert found.pins == (Path("/home/ann/known"), Path("/home/ann/more"), Path("/etc/known"))
    config = found.config
    assert config is not None
    assert config.identity_files == (Path("/home/ann/.ssh/10.0.0.5_dev"), Path("/keys/two"))
    assert (config.identities_only, config.accepts_new_keys) == (True, True)
    assert (config.identity_agent, config.jump, config.proxy_command) == (None, None, "")


def test_the_usual_port_pins_by_the_bare_name() -> None:
    assert address("hostname Server.Example\nport 22\n").alias == "server.example"
    assert address("hostname x\nport 22\nhostkeyalias cluster\n").alias == "cluster"


@pytest.mark.parametrize(
    ("said", "agent"),
    [
        ("", "/agent"),
        ("identityagent SSH_AUTH_SOCK\n", "/agent"),
        ("identityagent $OTHER\n", "/other"),
        ("identityagent ~/1p/agent.sock\n", "/home/ann/1p/agent.sock"),
    ],
)
def test_the_agent_is_the_one_of_the_configuration(said: str, agent: str) -> None:
    config = address(f"hostname x\n{said}").config
    assert config is not None
    assert config.identity_agent == Path(agent)


def test_ssh_reads_the_persons_own_configuration_for_such_a_host() -> None:
    own = OpenSshTransport(address("hostname 10.0.0.5\nport 2222\n", "dev@web"))
    words = own.arguments("exec true", agent=None)
    assert words[-3:] == ["--", "web", "exec true"]
    assert words[words.index("-l") + 1] == "dev"
    assert "-p" not in words
    assert "none" not in words
    assert "ForwardAgent=no" in words
    with_agent = own.arguments("true", agent=Path("/agent"))
    assert {'ForwardAgent="/agent"', "ControlPath=none"} <= set(with_agent)


KEY = "ssh-ed25519 b25l"


@pytest.mark.parametrize(
    ("names", "alias", "is_pinned"),
    [
        ("web,10.0.0.5", "10.0.0.5", True),
        ("*.example,!bad.example", "good.example", True),
        ("*.example,!bad.example", "bad.example", False),
        ("[web]:2222", "[web]:2222", True),
        ("[*]:2222", "[web]:2222", True),
        ("WEB", "web", True),
        ("|1|broken", "web", False),
        ("|1|!!|!!", "web", False),
    ],
)
def test_a_persons_known_hosts_are_understood(
    names: str, alias: str, is_pinned: bool, tmp_path: Path
) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"{names} {KEY}\n")
    assert (pinned(file, alias) == (HostKey("ssh-ed25519", b"one"),)) is is_pinned


def test_a_bad_target_is_a_known_error() -> None:
    assert issubclass(BadTarget, ConvergeError)
    assert str(BadTarget("-x")) == (
        "'-x' names no host.\nWrite USER@HOST or USER@HOST:PORT, or localhost."
    )
