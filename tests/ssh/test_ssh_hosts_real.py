"""The generated hosts, as the real ssh reads them and logs in by them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sshd import Sshd

from guard.host_keys import alias
from nopal.ssh_hosts import SshHosts
from nopal.ssh_include import SshInclude
from nopal.state import MachineState, StateStore, remember
from provision.transport.dial import connect_fabric


@pytest.fixture
def hosts(sshd: Sshd, tmp_path: Path) -> SshHosts:
    """The hosts of a machine `blog` that runs and `shop` that does not; the path has a space."""
    place = tmp_path / "my home 100%"
    place.mkdir()
    found = SshHosts(place / "ssh/config", place / "known_hosts")
    address = sshd.address(known_hosts=found.pins, host_key_alias=alias("blog"))
    connect_fabric(address, accept_new=True).close()
    states = StateStore(place / "state", found.write)
    states.write(MachineState(name="blog", ssh=remember(address), pinned=True))
    states.write(MachineState(name="shop", pinned=True))
    return found


def ssh(config: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = ["ssh", "-F", str(config), *words]
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def test_ssh_logs_in_by_the_generated_host(hosts: SshHosts) -> None:
    assert ssh(hosts.file, "nopal-blog", "echo in").stdout == "in\n"


def test_a_machine_that_does_not_run_is_said_to_be_so(hosts: SshHosts) -> None:
    told = ssh(hosts.file, "nopal-shop", "true")
    assert told.returncode == 255
    assert "start it with: nopal up -p shop" in told.stderr


def test_another_host_key_is_refused(hosts: SshHosts, sshd: Sshd) -> None:
    other = (sshd.place / "client_key.pub").read_text().split()
    hosts.pins.write_text(f"nopal-blog {other[0]} {other[1]}\n")
    assert ssh(hosts.file, "nopal-blog", "true").returncode == 255


def test_what_the_person_has_for_every_host_does_not_reach_a_machine(
    hosts: SshHosts, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "Host *\n  ForwardAgent yes\n  ControlMaster auto\n  ControlPath ~/.ssh/%C\n  User ann\n"
        "  ProxyJump bastion\n  IdentityAgent /tmp/a\n  StrictHostKeyChecking no\n  Port 1\n"
        "Host mine\n  HostName mine.example.com\n"
    )
    SshInclude(config, hosts.file).install()
    assert ssh(config, "nopal-blog", "echo in").stdout == "in\n"
    seen = ssh(config, "-G", "nopal-blog").stdout.splitlines()
    assert {"forwardagent no", "controlmaster false", "identityagent none"} <= set(seen)
    assert not [line for line in seen if line.startswith(("proxyjump", "controlpath /"))]
    own = ssh(config, "-G", "mine").stdout.splitlines()
    assert {"hostname mine.example.com", "user ann", "port 1", "forwardagent yes"} <= set(own)
