"""Pins as OpenSSH itself writes and honours them."""

from __future__ import annotations

import getpass
import subprocess
from pathlib import Path

from guard_fixtures import ENV, Sshd, make_key, sshd

from guard.host_keys import PinStore, alias


def login(server: Sshd, pins: Path, checking: str) -> subprocess.CompletedProcess[str]:
    options = {
        "UserKnownHostsFile": pins,
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": alias("blog"),
        "StrictHostKeyChecking": checking,
        "HashKnownHosts": "yes",
        "IdentityFile": server.root / "key",
        "IdentityAgent": "none",
        "BatchMode": "yes",
    }
    words = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    where = [f"{getpass.getuser()}@127.0.0.1", "-p", str(server.port)]
    argv = ["ssh", "-F", "none", *words, *where, "true"]
    return subprocess.run(argv, env=ENV, capture_output=True, text=True, check=False)


def test_a_pinned_guest_is_let_in_and_another_key_is_not(tmp_path: Path) -> None:
    key = make_key(tmp_path / "sshd", "key")
    with sshd(tmp_path / "sshd", key) as server:
        store = PinStore(tmp_path / "state/known_hosts")
        store.add("blog", server.host_key)
        assert login(server, store.path, "yes").returncode == 0
        store.remove("blog")
        store.add("blog", make_key(tmp_path, "other"))
        assert "HOST IDENTIFICATION HAS CHANGED" in login(server, store.path, "yes").stderr


def test_what_ssh_pinned_under_a_hash_is_read_and_forgotten_too(tmp_path: Path) -> None:
    key = make_key(tmp_path / "sshd", "key")
    with sshd(tmp_path / "sshd", key) as server:
        store = PinStore(tmp_path / "known_hosts")
        assert login(server, store.path, "accept-new").returncode == 0
        assert store.path.read_text().startswith("|1|")
        assert store.check("blog", server.host_key)
        assert store.remove("blog")
    assert not store.path.exists()
