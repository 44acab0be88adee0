"""A real broker between real clients (ssh-add, ssh-keygen) and a real ssh-agent."""

from __future__ import annotations

from pathlib import Path

import pytest
from broker_fixtures import through
from guard_fixtures import make_key, ssh_agent

from guard.keys.client import BrokerClient
from guard.keys.policy import KeyPolicy
from guard.ssh_agent import list_keys


def test_a_machine_sees_the_exposed_keys_only(tmp_path: Path, broker: BrokerClient) -> None:
    one = make_key(tmp_path, "one")
    make_key(tmp_path, "two")
    with ssh_agent(tmp_path / "one", tmp_path / "two") as agent:
        for name in (one.fingerprint, "one"):
            policy = KeyPolicy(project="blog", exposed=(name,), upstream=(str(agent),))
            assert list_keys(broker.give(policy)) == (one,)


@pytest.mark.parametrize("flag", ["-D", "-x", "-X", "-d"])
def test_managing_the_agent_is_refused(tmp_path: Path, broker: BrokerClient, flag: str) -> None:
    one = make_key(tmp_path, "one")
    with ssh_agent(tmp_path / "one") as agent:
        policy = KeyPolicy(project="blog", exposed=("one",), upstream=(str(agent),))
        socket = broker.give(policy)
        words = ("ssh-add", flag, *([tmp_path / "one.pub"] if flag == "-d" else []))
        assert through(socket, *words).returncode != 0
        assert list_keys(agent) == (one,)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_each_kind_of_key_signs_in_git_s_namespace(
    tmp_path: Path, broker: BrokerClient, kind: str
) -> None:
    one = make_key(tmp_path, "one", kind)
    (tmp_path / "signers").write_text(f"me {one.line}\n")
    with ssh_agent(tmp_path / "one") as agent:
        (tmp_path / "one").unlink()
        fields = {"exposed": ("one",), "sign": {"git": "allow"}, "upstream": (str(agent),)}
        socket = broker.give(KeyPolicy(project="blog", **fields))  # type: ignore[arg-type]
        words = ("ssh-keygen", "-Y", "sign", "-n", "git", "-f", tmp_path / "one.pub")
        signature = through(socket, *words, text="text").stdout
    (tmp_path / "signature").write_text(signature)
    checked = ("ssh-keygen", "-Y", "verify", "-n", "git", "-I", "me", "-f", tmp_path / "signers")
    assert through(socket, *checked, "-s", tmp_path / "signature", text="text").returncode == 0
