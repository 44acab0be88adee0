from __future__ import annotations

import hashlib
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from lima.errors import LimactlMissing, SetupFailed
from lima.host import Host
from lima.images import catalogue
from lima.paths import LimaPaths
from lima.setup import missing, requirements
from lima.setup.go import parse_go_version
from lima.setup.lima import find_limactl, is_new_enough, parse_version
from lima.setup.packages import AptPackages, ByHand, qemu
from lima.setup.release import Archive, Unreachable, archive, unpack, verify

LINUX = Host("Linux", "x86_64", True, distribution="debian")
MAC = Host("Darwin", "aarch64", True)


def never(path: Path) -> str:
    raise AssertionError(path)


def paths(folder: Path, user: str | None = None) -> LimaPaths:
    return LimaPaths(folder / "lima", folder / "tools", folder / "images", user)


def put_lima(prefix: Path, agent: str = "lima-guestagent.Linux-x86_64.gz") -> Path:
    (prefix / "bin").mkdir(parents=True)
    (prefix / "share" / "lima").mkdir(parents=True)
    (prefix / "share" / "lima" / agent).touch()
    limactl = prefix / "bin" / "limactl"
    limactl.touch(mode=0o755)
    return limactl


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("limactl version 2.2.0", (2, 2, 0)),
        ("limactl version 2.2.0-153-g183a60d", (2, 2, 0)),
        ("limactl version v2.10.1", (2, 10, 1)),
        ("limactl version <unknown>", None),
        ("", None),
    ],
)
def test_a_version_is_read_or_unknown(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limactl version 2.2.0", True),
        ("limactl version 2.10.0", True),
        ("limactl version 2.2.0-153-g183a60d", True),
        ("limactl version 2.2.0-beta.1", False),
        ("limactl version 2.1.9", False),
        ("limactl version <unknown>", False),
    ],
)
def test_only_lima_2_2_and_newer_is_used(text: str, expected: bool) -> None:
    assert is_new_enough(text) is expected


def test_the_lima_that_set_up_installed_is_used_without_being_asked(tmp_path: Path) -> None:
    own = paths(tmp_path)
    limactl = put_lima(own.prefix)
    assert find_limactl(own, LINUX, {"PATH": ""}, never) == limactl


def test_the_persons_own_lima_is_used_when_it_is_new_enough(tmp_path: Path) -> None:
    limactl = put_lima(tmp_path / "usr")
    environment = {"PATH": str(limactl.parent)}
    assert find_limactl(paths(tmp_path), LINUX, environment, lambda _: "2.3.1") == limactl
    with pytest.raises(LimactlMissing):
        find_limactl(paths(tmp_path), LINUX, environment, lambda _: "2.1.0")


def test_a_lima_without_its_guest_agent_is_no_lima(tmp_path: Path) -> None:
    limactl = put_lima(tmp_path / "go", agent="lima-guestagent.Linux-aarch64")
    with pytest.raises(LimactlMissing):
        find_limactl(paths(tmp_path), LINUX, {"PATH": str(limactl.parent)}, never)


def test_half_an_installation_is_no_lima(tmp_path: Path) -> None:
    own = paths(tmp_path)
    (own.prefix / "bin").mkdir(parents=True)
    own.limactl.touch()
    with pytest.raises(LimactlMissing):
        find_limactl(own, LINUX, {"PATH": ""}, never)


def test_the_order_of_what_root_needs_on_linux() -> None:
    found = requirements(
        replace(LINUX, is_root=True),
        paths(Path("/n"), "nopal"),
        catalogue("debian-13", "x86_64"),
        {},
    )
    names = [requirement.name for requirement in found]
    assert names == ["QEMU", "system user", "Lima 2.2.0", "image tools", "image debian-13"]
    assert all(requirement.why and requirement.command for requirement in found)


def test_a_mac_needs_lima_and_an_image() -> None:
    found = requirements(MAC, paths(Path("/n")), catalogue("debian-13", "aarch64"), {})
    assert [requirement.name for requirement in found] == ["Lima 2.2.0", "image debian-13"]
    assert found[0].command == "brew install lima"


def test_no_image_is_asked_for_when_no_machine_is_to_be_made() -> None:
    found = requirements(LINUX, paths(Path("/n")), None, {})
    assert [requirement.name for requirement in found] == ["QEMU", "Lima 2.2.0"]


def test_only_what_is_not_met_is_missing() -> None:
    there = AptPackages("a", "why", ("a",), lambda: True, is_root=True)
    lacking = ByHand("b", "why", "install b", lambda: False)
    assert missing([there, lacking]) == (lacking,)


def test_a_person_installs_packages_by_sudo_and_root_without() -> None:
    package = AptPackages("QEMU", "why", ("qemu-utils",), lambda: False, is_root=False)
    assert package.command.startswith("sudo apt-get")
    assert replace(package, is_root=True).command.startswith("apt-get")


@pytest.mark.parametrize(
    ("distribution", "like", "words"),
    [
        ("fedora", (), ("dnf", "qemu-system-x86", "edk2-ovmf")),
        ("rocky", ("rhel", "centos"), ("dnf", "qemu-kvm")),
        ("arch", (), ("pacman", "qemu-system-x86")),
        ("opensuse-leap", ("suse", "opensuse"), ("zypper", "qemu-x86")),
        ("alpine", (), ("apk", "qemu-system-x86_64")),
        ("void", (), ("qemu-system-x86_64", "qemu-img")),
    ],
)
def test_other_families_are_told_the_packages(
    distribution: str, like: tuple[str, ...], words: tuple[str, ...]
) -> None:
    found = qemu(replace(LINUX, distribution=distribution, like=like))
    assert isinstance(found, ByHand)
    assert all(word in found.command for word in words)
    refusing = replace(found, met=lambda: False)
    with pytest.raises(SetupFailed) as refused:
        refusing.install(lambda _: None)
    assert found.command in str(refused.value)


def test_the_official_archives_are_pinned_and_another_one_is_refused(tmp_path: Path) -> None:
    assert archive("x86_64").sha256 != archive("aarch64").sha256
    file = tmp_path / "lima.tar.gz"
    file.write_bytes(b"something else")
    with pytest.raises(SetupFailed, match="SHA-256"):
        verify(file, archive("x86_64"))
    verify(file, Archive("https://example.org", hashlib.sha256(b"something else").hexdigest()))


def release_in(folder: Path) -> Archive:
    (folder / "bin").mkdir()
    (folder / "bin" / "limactl").write_text("#!/bin/sh\n", encoding="utf-8")
    file = folder / "release.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        tar.add(folder / "bin", "bin")
    return Archive(file.as_uri(), hashlib.sha256(file.read_bytes()).hexdigest())


def test_the_archive_of_a_release_is_checked_and_unpacked(tmp_path: Path) -> None:
    source = release_in(tmp_path)
    unpack(source, tmp_path / "prefix", tmp_path)
    assert (tmp_path / "prefix" / "bin" / "limactl").is_file()


def test_an_archive_that_was_changed_is_not_unpacked(tmp_path: Path) -> None:
    source = replace(release_in(tmp_path), sha256="0" * 64)
    with pytest.raises(SetupFailed):
        unpack(source, tmp_path / "prefix", tmp_path)
    assert not (tmp_path / "prefix").exists()


def test_a_site_that_does_not_answer_is_told_from_a_bad_archive(tmp_path: Path) -> None:
    source = Archive((tmp_path / "nothing").as_uri(), "0" * 64)
    with pytest.raises(Unreachable):
        unpack(source, tmp_path / "prefix", tmp_path)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.1 linux/amd64", (1, 26, 1)),
        ("go version go1.25 linux/arm64", (1, 25, 0)),
        ("devel", None),
    ],
)
def test_the_version_of_a_go_is_read_or_unknown(
    text: str, version: tuple[int, int, int] | None
) -> None:
    assert parse_go_version(text) == version
