"""Which keys of a server count, by known_hosts files that the real ssh-keygen reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from guard_fixtures import ENV, make_key

from guard.host_trust import trusted_keys
from guard.public_key import PublicKey


@pytest.fixture
def keys(tmp_path: Path) -> tuple[PublicKey, PublicKey]:
    return make_key(tmp_path / "keys", "old"), make_key(tmp_path / "keys", "new")


def trusted(home: Path, *lines: str) -> tuple[PublicKey, ...]:
    (home / ".ssh").mkdir()
    (home / ".ssh/known_hosts").write_text("".join(f"{line}\n" for line in lines))
    return trusted_keys("hub.example.org", home, ENV)


def test_every_key_of_a_host_counts_once(tmp_path: Path, keys: tuple[PublicKey, PublicKey]) -> None:
    old, new = keys
    lines = (
        f"hub.example.org {old.line}",
        f"*.example.org\t{new.line}",
        f"hub.example.org {old.line}",
    )
    assert [key.line for key in trusted(tmp_path, *lines)] == [old.line, new.line]


@pytest.mark.parametrize("hosts", ["hub.example.org", "*"])
def test_a_key_that_is_revoked_anywhere_counts_no_more(
    tmp_path: Path, keys: tuple[PublicKey, PublicKey], hosts: str
) -> None:
    old, new = keys
    lines = (
        f"hub.example.org {old.line}",
        f"hub.example.org {new.line}",
        f"@revoked {hosts} {old.line}",
    )
    assert [key.line for key in trusted(tmp_path, *lines)] == [new.line]


def test_an_authority_s_key_is_no_host_s(tmp_path: Path, keys: tuple[PublicKey, PublicKey]) -> None:
    assert trusted(tmp_path, f"@cert-authority hub.example.org {keys[0].line}") == ()
