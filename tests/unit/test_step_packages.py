from __future__ import annotations

import hashlib

import pytest
from step_facts import FACTS

from provision import Apt, AptRepository, Archive, Npm
from provision.steps.debian_version import is_at_least

CLAUDE = Npm("@anthropic-ai/claude-code", "2.1.330")
DOCKER = AptRepository(
    "docker",
    uris=("https://download.docker.com/linux/{distribution}",),
    components=("stable",),
    key_url="https://download.docker.com/linux/debian/gpg",
    key_fingerprints=("9DC858229FC7DD38854AE2D88D81803C0EBFCD88",),
)
NODE = Archive("https://nodejs.org/node.tar.xz", sha256="a" * 64, to="/opt/node")


def test_an_installed_package_calls_for_no_change() -> None:
    assert Apt("curl").plan("8.14.1-2", FACTS) is None


def test_a_package_older_than_the_minimum_is_upgraded() -> None:
    change = Apt("gh", version_at_least="2.82.1").plan("2.46.0-3", FACTS)
    assert change is not None
    assert change.summary == "upgrade gh from 2.46.0-3"
    assert 'dpkg --compare-versions "$nopal_has" ge 2.82.1' in change.script


def test_all_packages_are_asked_for_with_one_query_whatever_their_order() -> None:
    steps = [Apt("curl"), Apt("nosuch"), Apt("libc6:i386"), Apt("removed")]
    assert Apt.batch_probe(steps).count("dpkg-query") == 1
    output = (
        "installed libc6 amd64 2.41\ninstalled libc6 i386 2.40\n"
        "config-files removed amd64 1\ninstalled curl amd64 8.14\n"
    )
    assert Apt.batch_states(steps, output) == ["8.14", "", "2.40", ""]


def test_all_packages_are_installed_by_one_call() -> None:
    steps = [Apt("curl"), Apt("git")]
    changes = [step.plan("", FACTS) for step in steps]
    merged = Apt.merge(steps, [change for change in changes if change])
    assert merged.script.endswith("\nnopal_get curl git")
    assert "--no-install-recommends" in merged.script
    assert "DPkg::Lock::Timeout" in merged.script
    assert "--force-confold" in merged.script


@pytest.mark.parametrize("name", ["", "-y", "a b", "curl=1", "curl*", "$(x)", "./x.deb"])
def test_what_apt_could_take_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a Debian package"):
        Apt(name)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.0", "1.1"),
        ("1.9", "1.10"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0a"),
        ("1.0a", "1.0+b"),
        ("1.0-1", "1.0-2"),
        ("9.9", "1:0.1"),
        ("2.46.0-3", "2.82.1"),
        ("1.0-1~bpo1", "1.0-1"),
    ],
)
def test_debian_versions_are_ordered(older: str, newer: str) -> None:
    assert is_at_least(newer, older)
    assert not is_at_least(older, newer)


def test_equal_versions_are_at_least_each_other() -> None:
    assert is_at_least("1.0", "1.0-0")
    assert is_at_least("1.0-0", "1.0")


def test_a_repository_that_is_written_and_has_its_key_calls_for_no_change() -> None:
    digest = hashlib.sha256(DOCKER.content(FACTS).encode()).hexdigest()
    assert DOCKER.plan(f"{digest}  -\nkey", FACTS) is None
    assert DOCKER.plan(f"{digest}  -", FACTS) is not None
    assert DOCKER.plan("key", FACTS) is not None


def test_a_repository_is_written_for_the_guest_it_is_on() -> None:
    assert DOCKER.content(FACTS).splitlines()[1:] == [
        "Types: deb",
        "URIs: https://download.docker.com/linux/debian",
        "Suites: trixie",
        "Components: stable",
        "Architectures: amd64",
        "Signed-By: /etc/apt/keyrings/docker.gpg",
    ]


def test_the_key_is_checked_before_it_is_trusted() -> None:
    change = DOCKER.plan("", FACTS)
    assert change is not None
    script = change.script
    checked = script.index("is unknown for docker")
    assert script.index("--show-keys") < checked < script.index("/etc/apt/keyrings/docker.gpg")


@pytest.mark.parametrize(
    "change",
    [
        {"key_url": "http://example.org/key"},
        {"key_fingerprints": ()},
        {"key_fingerprints": ("8D81803C0EBFCD88",)},
        {"uris": ("https://x\nTrusted: yes",)},
    ],
    ids=["http", "no fingerprint", "short id", "newline"],
)
def test_a_repository_that_could_not_be_checked_is_refused(change: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "uris": ("https://x",),
        "key_url": "https://x/key",
        "key_fingerprints": DOCKER.key_fingerprints,
    }
    with pytest.raises(ValueError, match="no repository"):
        AptRepository("x", **{**fields, **change})  # type: ignore[arg-type]


def test_an_archive_that_is_unpacked_calls_for_no_change() -> None:
    assert NODE.plan("a" * 64, FACTS) is None


def test_an_archive_is_checked_before_it_is_unpacked() -> None:
    change = NODE.plan("b" * 64, FACTS)
    assert change is not None
    assert change.script.index("sha256sum") < change.script.index("tar -x")
    assert "--proto '=https'" in change.script


def test_a_directory_that_came_from_elsewhere_is_never_replaced() -> None:
    change = NODE.plan("other", FACTS)
    assert change is not None
    assert change.script == ""


@pytest.mark.parametrize(
    ("url", "digest"),
    [("http://x/a.tar", "a" * 64), ("https://x/a.tar", ""), ("https://x/a.tar", "A" * 64)],
)
def test_an_archive_that_could_not_be_checked_is_refused(url: str, digest: str) -> None:
    with pytest.raises(ValueError, match=r"SHA-256|cannot unpack"):
        Archive(url, sha256=digest, to="/opt/x")


def test_an_npm_package_at_its_version_calls_for_no_change() -> None:
    assert CLAUDE.plan("2.1.330", FACTS) is None
    assert Npm("corepack").plan("0.1", FACTS) is None


def test_another_version_of_an_npm_package_is_replaced() -> None:
    change = CLAUDE.plan("2.1.0", FACTS)
    assert change is not None
    assert change.summary == "install @anthropic-ai/claude-code@2.1.330 instead of 2.1.0"
    assert "--prefix=/usr/local -- @anthropic-ai/claude-code@2.1.330" in change.script


def test_versions_of_all_npm_packages_are_found_with_one_grep() -> None:
    steps = [CLAUDE, Npm("@openai/codex", "1"), Npm("corepack")]
    root = "/usr/local/lib/node_modules"
    output = (
        f'{root}/@anthropic-ai/claude-code/package.json:"version": "2.1.330"\n'
        f'{root}/corepack/package.json:"version":"0.34.0"\n'
        f'{root}/corepack/package.json:"version":"9"\n'
    )
    assert Npm.batch_states(steps, output) == ["2.1.330", "", "0.34.0"]


def test_all_npm_packages_are_installed_by_one_call() -> None:
    steps = [CLAUDE, Npm("@openai/codex", "0.169.0")]
    changes = [step.plan("", FACTS) for step in steps]
    merged = Npm.merge(steps, [change for change in changes if change])
    assert merged is not None
    assert "@anthropic-ai/claude-code@2.1.330 @openai/codex@0.169.0; then" in merged.script


@pytest.mark.parametrize(
    ("name", "version"),
    [("-g", ""), ("x", "--y"), ("../x", ""), ("git+ssh://x", ""), ("x", "^1"), ("@a/b/c", "")],
)
def test_what_npm_could_take_for_something_else_is_refused(name: str, version: str) -> None:
    with pytest.raises(ValueError, match="no npm package"):
        Npm(name, version)
