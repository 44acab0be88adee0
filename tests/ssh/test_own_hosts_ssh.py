"""Hosts of a person's own, as the real `ssh -G` tells of them, on real servers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sshd import Agent, Sshd, running_sshd

from provision.errors import GuestUnreachable, HostKeyChanged, HostKeyUnknown
from provision.transport import Transport
from provision.transport.choose import connect, reach
from provision.transport.fabric import FabricTransport
from provision.transport.local import LocalTransport
from provision.transport.openssh import OpenSshTransport
from provision.transport.ssh_config import SshConfig
from provision.transport.target import parse_target


@dataclass
class Person:
    """A person with a home, in which ssh is configured."""

    home: Path
    agent: Path | None = None

    @property
    def known_hosts(self) -> Path:
        return self.home / "known_hosts"

    def configure(self, text: str) -> None:
        (self.home / "config").write_text(f"UserKnownHostsFile {self.known_hosts}\n{text}")

    def host(self, name: str, server: Sshd, *more: str) -> str:
        lines = [f"HostName 127.0.0.1\nPort {server.port}\nUser {server.user}", *more]
        return f"Host {name}\n" + "\n".join(lines) + "\n"

    def knows(self, server: Sshd) -> None:
        """Pin the server's key, hashed, as Debian's ssh does."""
        key = " ".join((server.place / "host_key.pub").read_text().split()[:2])
        with self.known_hosts.open("a") as file:
            file.write(f"[127.0.0.1]:{server.port} {key}\n")
        subprocess.run(
            ["ssh-keygen", "-q", "-H", "-f", str(self.known_hosts)], check=True, capture_output=True
        )

    @property
    def config(self) -> SshConfig:
        environ = {"HOME": str(self.home), "USER": "ann"}
        if self.agent is not None:
            environ["SSH_AUTH_SOCK"] = str(self.agent)
        return SshConfig(environ, self.home / "config")

    def reach(self, typed: str, agent_socket: Path | None = None) -> Transport:
        return reach(parse_target(typed), self.config, agent_socket=agent_socket)


@pytest.fixture
def ann(tmp_path: Path) -> Person:
    home = tmp_path / "ann"
    home.mkdir()
    return Person(home)


@pytest.fixture
def inner(tmp_path: Path) -> Iterator[Sshd]:
    """Another server, to be reached by way of the first."""
    with running_sshd(tmp_path / "inner") as server:
        yield server


def ask(transport: Transport, script: str = "echo here") -> list[str]:
    lines: list[str] = []
    try:
        transport.run(script, lines.append)
    finally:
        transport.close()
    return lines


def test_an_alias_of_an_included_file_is_followed(ann: Person, sshd: Sshd) -> None:
    (ann.home / "more").write_text(ann.host("web", sshd, f"IdentityFile {sshd.key}"))
    ann.configure(f"Include {ann.home}/more\n")
    ann.knows(sshd)
    transport = ann.reach("web")
    assert isinstance(transport, FabricTransport)
    assert ask(transport) == ["here"]
    assert (sshd.connections, sshd.execs) == (1, 1)


def test_the_agent_of_the_configuration_logs_in(ann: Person, sshd: Sshd, ssh_agent: Agent) -> None:
    with (sshd.place / "authorized_keys").open("w") as file:
        file.write(ssh_agent.socket.with_name("agent_key.pub").read_text())
    ann.configure(ann.host("web", sshd, f'IdentityAgent "{ssh_agent.socket}"'))
    ann.knows(sshd)
    assert ask(ann.reach("web"), "ssh-add -l 2>&1 | head -1; echo here")[-1] == "here"
    assert ssh_agent.fingerprint in sshd.log


def test_with_identities_only_the_agent_offers_no_other_key(
    ann: Person, sshd: Sshd, ssh_agent: Agent
) -> None:
    ann.agent = ssh_agent.socket
    more = (f"IdentityFile {sshd.key}", "IdentitiesOnly yes")
    ann.configure(ann.host("web", sshd, *more))
    ann.knows(sshd)
    assert ask(ann.reach("web")) == ["here"]
    assert ssh_agent.fingerprint not in sshd.log


@pytest.mark.parametrize("way", ["fabric", "openssh"])
def test_a_host_behind_another_is_reached(ann: Person, sshd: Sshd, inner: Sshd, way: str) -> None:
    ann.configure(
        ann.host("gate", sshd, f"IdentityFile {sshd.key}")
        + ann.host("inner", inner, f"IdentityFile {inner.key}", "ProxyJump gate")
    )
    ann.knows(sshd)
    ann.knows(inner)
    address = ann.config.address(parse_target("inner"))
    transport = connect(address) if way == "fabric" else OpenSshTransport(address)
    assert isinstance(transport, FabricTransport) is (way == "fabric")
    assert ask(transport) == ["here"]
    assert (sshd.connections, sshd.execs, inner.connections, inner.execs) == (1, 0, 1, 1)


def test_jumps_that_lead_to_each_other_are_told(ann: Person, sshd: Sshd) -> None:
    ann.configure(ann.host("one", sshd, "ProxyJump two") + ann.host("two", sshd, "ProxyJump one"))
    with pytest.raises(GuestUnreachable, match="circle"):
        ann.reach("one")


def test_a_way_that_only_ssh_knows_is_left_to_ssh(ann: Person, sshd: Sshd) -> None:
    way = f"ProxyCommand socat - TCP:127.0.0.1:{sshd.port}"
    ann.configure(ann.host("web", sshd, f"IdentityFile {sshd.key}", way))
    assert isinstance(ann.reach("web"), OpenSshTransport)


def test_a_login_that_paramiko_cannot_do_is_left_to_ssh(ann: Person, sshd: Sshd) -> None:
    ann.configure(ann.host("web", sshd))
    ann.knows(sshd)
    transport = ann.reach("web")
    assert isinstance(transport, OpenSshTransport)
    with pytest.raises(GuestUnreachable, match="Permission denied"):
        ask(transport)


def test_an_unknown_host_is_refused_unless_the_configuration_accepts_new_ones(
    ann: Person, sshd: Sshd
) -> None:
    entry = ann.host("web", sshd, f"IdentityFile {sshd.key}")
    ann.configure(entry)
    with pytest.raises(HostKeyUnknown, match="accept it by connecting once with `ssh`"):
        ann.reach("web")
    ann.configure(f"{entry}StrictHostKeyChecking accept-new\n")
    assert ask(ann.reach("web")) == ["here"]
    ann.configure(entry)
    assert ask(ann.reach("web")) == ["here"]


def test_another_key_than_the_known_one_is_refused(ann: Person, sshd: Sshd, inner: Sshd) -> None:
    key = " ".join((inner.place / "host_key.pub").read_text().split()[:2])
    ann.known_hosts.write_text(f"[127.0.0.1]:{sshd.port} {key}\n")
    ann.configure(ann.host("web", sshd, f"IdentityFile {sshd.key}"))
    with pytest.raises(HostKeyChanged):
        ann.reach("web")
    assert sshd.connections == 0


def test_localhost_is_this_machine_without_ssh(ann: Person) -> None:
    assert isinstance(ann.reach("localhost"), LocalTransport)


def test_a_configuration_that_ssh_cannot_read_is_told(ann: Person) -> None:
    (ann.home / "config").write_text("Hots web\n")
    with pytest.raises(GuestUnreachable, match=r"(?i)bad configuration"):
        ann.reach("web")
