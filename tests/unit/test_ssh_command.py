from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nopal.ssh_command import ssh_command
from provision.transport.address import SshAddress

ADDRESS = SshAddress(
    host="127.0.0.1",
    port=6022,
    user="dev",
    identity_file=Path("/lima/_config/user"),
    known_hosts=Path("/home/me/.nopal/known_hosts"),
    host_key_alias="nopal-blog",
    control_path=Path("/lima/blog/ssh.sock"),
)


def options(command: list[str]) -> dict[str, str]:
    pairs = [command[i + 1] for i, word in enumerate(command) if word == "-o"]
    return dict(pair.split("=", 1) for pair in pairs)


def test_the_persons_configuration_and_masters_are_left_out() -> None:
    command = ssh_command(ADDRESS, script="true")
    assert command[:3] == ["ssh", "-F", "none"]
    assert options(command)["ControlPath"] == "none"
    assert options(command)["IdentityAgent"] == "none"


def test_no_agent_is_brought_along() -> None:
    assert options(ssh_command(ADDRESS))["ForwardAgent"] == "no"


def test_paths_with_spaces_and_percents_are_taken_as_they_are() -> None:
    address = replace(ADDRESS, identity_file=Path("/my keys/100%/user"))
    assert options(ssh_command(address))["IdentityFile"] == '"/my keys/100%%/user"'


def test_the_pinned_key_is_insisted_on() -> None:
    chosen = options(ssh_command(ADDRESS))
    assert chosen["StrictHostKeyChecking"] == "yes"
    assert chosen["HostKeyAlias"] == "nopal-blog"
    assert chosen["GlobalKnownHostsFile"] == "/dev/null"


def test_a_script_is_one_argument_after_the_host() -> None:
    wanted = ["--", "127.0.0.1", "exec bash -c 'a; b'"]
    assert ssh_command(ADDRESS, script="a; b")[-3:] == wanted
    assert ssh_command(ADDRESS)[-1] == "127.0.0.1"


def test_over_the_open_connection_there_is_never_a_login() -> None:
    chosen = options(ssh_command(ADDRESS, script="true", over_master=True))
    assert chosen["ControlPath"] == '"/lima/blog/ssh.sock"'
    assert chosen["ControlMaster"] == "no"
    assert chosen["ProxyCommand"] == "false"
    assert "IdentityFile" not in chosen
