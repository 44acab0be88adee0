"""Pinned keys: the forges' as published, the guests' as first seen; and teammates' keys."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from guard.allowed_signers import SignerRefused, allowed_signers_text, parse_allowed_signer
from guard.errors import GuardError
from guard.forges import FORGES, is_forge, known_hosts_text
from guard.host_keys import HostKeyChanged, PinStore, alias
from guard.public_key import PublicKey, parse_public_key

# As the forges publish them; the pages are named in guard/known_hosts.
PUBLISHED = {
    "github.com": {
        "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
        "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
        "SHA256:uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
    },
    "gitlab.com": {
        "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
        "SHA256:HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
        "SHA256:ROQFvPThGrW4RuWLoL9tq9I9zJ42fK4XywyRtbOz/EQ",
    },
    "bitbucket.org": {
        "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
        "SHA256:FC73VB6C4OQLSCrjEayhMp9UMxS97caD/Yyi2bhW/J0",
        "SHA256:46OSHA1Rmj8E8ERTC6xkNcmGOw9oFxYr0WF6zWW8l1E",
    },
    "codeberg.org": {
        "SHA256:mIlxA9k46MmM6qdJOdMnAQpzGxF4WIVVL+fj+wZbw0g",
        "SHA256:T9FYDEHELhVkulEKKwge5aVhVTbqCW0MIRwAfpARs/E",
        "SHA256:6QQmYi4ppFS4/+zSZ5S4IU+4sa6rwvQ4PbhCtPEBekQ",
    },
}
KEYS = [parse_public_key(line.split(" ", 1)[1]) for line in known_hosts_text().splitlines()]
FIRST, SECOND = KEYS[0], KEYS[3]


def test_the_pinned_keys_of_the_forges_are_the_published_ones() -> None:
    found: dict[str, set[str]] = {}
    for line in known_hosts_text().splitlines():
        hosts, key_text = line.split(" ", 1)
        for host in set(hosts.split(",")) & set(FORGES):
            found.setdefault(host, set()).add(parse_public_key(key_text).fingerprint)
    assert found == PUBLISHED


def test_a_forge_is_known_whatever_the_case() -> None:
    assert is_forge("GitHub.com")
    assert not is_forge("github.com.evil.example")


def test_what_is_pinned_is_read_back_and_known(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "state/known_hosts")
    assert not store.check("blog", FIRST)
    store.add("blog", FIRST, SECOND)
    store.add("blog", FIRST)
    assert store.read("blog") == (FIRST, SECOND)
    assert store.check("blog", SECOND)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_a_changed_key_is_refused_with_both_fingerprints_and_the_way_out(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "known_hosts")
    store.add("blog", FIRST)
    with pytest.raises(HostKeyChanged) as caught:
        store.check("blog", SECOND)
    text = str(caught.value)
    assert FIRST.fingerprint in text
    assert SECOND.fingerprint in text
    assert f"ssh-keygen -R nopal-blog -f {store.path}" in text
    assert text.count("\n") <= 2


def test_forgetting_the_last_machine_leaves_no_file_behind(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "known_hosts")
    store.add("blog", FIRST)
    store.add("blog-2", SECOND)
    assert store.remove("blog")
    assert store.read("blog-2") == (SECOND,)
    assert store.remove("blog-2")
    assert not store.remove("blog-2")
    assert list(tmp_path.iterdir()) == []


def test_forgetting_takes_the_backup_of_ssh_keygen_along(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "known_hosts")
    store.add("blog", FIRST)
    (tmp_path / "known_hosts.old").write_text(f"nopal-blog {FIRST.line}\n")
    store.remove("blog")
    assert list(tmp_path.iterdir()) == []


def test_lines_of_others_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("# mine\n\nhost.example ssh-ed25519 AAAA\n|1|bad|!\n")
    store = PinStore(path)
    store.add("blog", FIRST)
    store.remove("blog")
    assert path.read_text() == "# mine\n\nhost.example ssh-ed25519 AAAA\n|1|bad|!\n"


def test_machines_pinned_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    store = PinStore(tmp_path / "known_hosts")
    names = [f"m{number}" for number in range(12)]
    threads = [threading.Thread(target=store.add, args=(name, FIRST)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(store.read(name) == (FIRST,) for name in names)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a\nb", "*", "a,b", "@cert-authority"])
def test_a_name_that_could_not_stand_in_the_file_is_no_alias(name: str) -> None:
    with pytest.raises(ValueError, match="no machine"):
        alias(name)


def test_a_signers_line_is_written_anew_for_git_only() -> None:
    signer = parse_allowed_signer(f"ada@example.org,*@corp.example  {FIRST.line} ada@laptop")
    line = f'ada@example.org,*@corp.example namespaces="git" {FIRST.line}\n'
    assert allowed_signers_text([signer, signer]) == line


@pytest.mark.parametrize(
    "head",
    [
        "",
        "*",
        "*@*",
        "a@b,*",
        "!a@b",
        "a@b,",
        "#a@b",
        '"a b"@c',
        "a@b cert-authority",
        'a@b namespaces="file"',
        "a@b\nx@y",
    ],
)
def test_a_signers_line_that_widens_trust_is_refused(head: str) -> None:
    with pytest.raises(GuardError):
        parse_allowed_signer(f"{head} {FIRST.line}".strip())


def test_a_missing_address_is_said_to_be_missing() -> None:
    with pytest.raises(SignerRefused, match="e-mail address before the key is missing"):
        parse_allowed_signer(FIRST.line)


def test_keys_compare_without_their_comments() -> None:
    assert FIRST.is_same_key(PublicKey(FIRST.kind, FIRST.blob_base64, "else"))
