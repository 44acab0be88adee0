from __future__ import annotations

import stat
from pathlib import Path

import pytest

from nopal.ssh_hosts import SshHosts, hosts_text
from nopal.ssh_include import NotIncludable, SshInclude
from nopal.state import MachineState, Ssh, StateStore

SSH = Ssh(host="127.0.0.1", port=60022, user="dev", identity_file="/n/100% mine/user")


def machine(name: str = "blog", **changes: object) -> MachineState:
    return MachineState(**{"name": name, "ssh": SSH, "pinned": True, **changes})  # type: ignore[arg-type]


def test_a_running_machine_is_a_host_with_its_port_key_and_pinned_host_key() -> None:
    lines = [line.strip() for line in hosts_text([machine()], Path("/n/known_hosts")).splitlines()]
    assert "Host nopal-blog" in lines
    assert "Port 60022" in lines
    assert 'IdentityFile "/n/100%% mine/user"' in lines
    assert 'UserKnownHostsFile "/n/known_hosts"' in lines
    assert "StrictHostKeyChecking yes" in lines
    assert {"ForwardAgent no", "IdentityAgent none", "ControlPath none"} < set(lines)


@pytest.mark.parametrize("changes", [{"ssh": None}, {"pinned": False}, {"is_twin": True}], ids=str)
def test_a_machine_that_cannot_be_trusted_yet_says_how_it_is_started(
    changes: dict[str, object],
) -> None:
    text = hosts_text([machine(**changes)], Path("/n/known_hosts"))
    assert "nopal up -p blog" in text
    assert "HostName" not in text


def test_the_file_follows_every_change_of_a_state(tmp_path: Path) -> None:
    hosts = SshHosts(tmp_path / "ssh/config", tmp_path / "known_hosts")
    states = StateStore(tmp_path / "state", hosts.write)
    states.write(machine("blog"))
    states.write(machine("shop"))
    assert stat.S_IMODE(hosts.file.stat().st_mode) == 0o600
    states.remove("blog")
    text = hosts.file.read_text()
    assert "nopal-shop" in text
    assert "blog" not in text


def test_one_unreadable_state_does_not_hide_the_others(tmp_path: Path) -> None:
    hosts = SshHosts(tmp_path / "ssh/config", tmp_path / "known_hosts")
    states = StateStore(tmp_path / "state", hosts.write)
    states.write(machine("blog"))
    (tmp_path / "state/shop.json").write_text("{")
    states.write(machine("docs"))
    assert "nopal-blog" in hosts.file.read_text()
    assert "nopal-docs" in hosts.file.read_text()


def test_the_include_stands_above_every_host_of_the_person(tmp_path: Path) -> None:
    config = tmp_path / ".ssh/config"
    include = SshInclude(config, tmp_path / "hosts")
    include.install()
    assert include.is_there
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert include.remove()
    assert not config.exists()
    assert not include.remove()
    config.write_text("Host a\n  User b\n")
    config.chmod(0o644)
    include.install()
    include.install()
    assert config.read_text().count("Include") == 1
    assert config.read_text().index("Include") < config.read_text().index("Host a")
    assert stat.S_IMODE(config.stat().st_mode) == 0o644
    assert include.remove()
    assert config.read_text() == "Host a\n  User b\n"


def test_a_configuration_that_is_a_link_into_dotfiles_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles/ssh"
    real.write_text("Host a\n")
    link = tmp_path / "config"
    link.symlink_to(real)
    SshInclude(link, tmp_path / "hosts").install()
    assert link.is_symlink()
    assert "Include" in real.read_text()


def test_a_path_that_ssh_would_take_for_a_pattern_is_refused(tmp_path: Path) -> None:
    include = SshInclude(tmp_path / "config", tmp_path / "a[1]/hosts")
    with pytest.raises(NotIncludable):
        include.install()
