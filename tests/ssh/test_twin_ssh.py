"""Getting into a machine that has just resumed: by its own keys, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from guard_fixtures import make_key
from sshd import Sshd

from guard.host_keys import PinStore
from lima.sleepers import Twin
from nopal.rekey import NotRekeyed
from nopal.twin import make_its_own
from provision.errors import HostKeyChanged, LoginRefused


def twin(sshd: Sshd, host_key: str) -> Twin:
    return Twin(sshd.address(known_hosts=None), host_key, "ssh-ed25519 unused")


@pytest.fixture
def pins(tmp_path: Path) -> PinStore:
    return PinStore(tmp_path / "pins")


def test_somebody_else_at_its_port_gets_nothing(sshd: Sshd, pins: PinStore, tmp_path: Path) -> None:
    other = make_key(tmp_path, "other")
    with pytest.raises(HostKeyChanged):
        make_its_own(twin(sshd, other.line), "blog", pins)
    assert sshd.connections == 0


def test_a_key_that_is_refused_is_not_tried_again(
    sshd: Sshd, pins: PinStore, tmp_path: Path
) -> None:
    make_key(tmp_path, "other")
    right = sshd.host_key.with_suffix(".pub").read_text()
    wrong = replace(twin(sshd, right), address=sshd.address(identity_file=tmp_path / "other"))
    with pytest.raises(LoginRefused):
        make_its_own(wrong, "blog", pins)
    assert sshd.execs == 0


def test_a_host_key_that_is_none_ends_it(sshd: Sshd, pins: PinStore) -> None:
    with pytest.raises(NotRekeyed):
        make_its_own(twin(sshd, "rubbish"), "blog", pins)
    assert sshd.connections == 0
