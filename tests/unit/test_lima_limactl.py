from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lima.emulation import emulation
from lima.errors import LimactlFailed, LimactlMissing
from lima.host import Host
from lima.limactl import Limactl, LimactlProcess, environment, message
from lima.paths import LimaPaths
from lima.process import Completed, Identity

PATHS = LimaPaths(Path("/n/lima"), Path("/n/tools"), Path("/n/images"))
SYSTEM = replace(PATHS, user="nopal")
FAST = Host("Linux", "x86_64", has_hardware_virtualisation=True)
SLOW = replace(FAST, has_hardware_virtualisation=False)
AL = Identity("al", 501, 501, (501,), "/home/al")
OURS = {
    "PATH": "/opt/nix/bin:/usr/bin",
    "HOME": "/home/al",
    "SSH_AUTH_SOCK": "/run/agent",
    "ANTHROPIC_API_KEY": "secret",
    "LIMA_HOME": "/elsewhere",
    "https_proxy": "http://proxy:3128",
    "XDG_CACHE_HOME": "/cache",
}


def failing(status: int, stderr: str) -> Limactl:
    def run(arguments: Sequence[str], **_: object) -> Completed:
        return Completed(status, "", stderr)

    return Limactl(run)


def test_limactl_gets_a_home_of_its_own_and_nothing_that_opens_anything() -> None:
    variables = environment(PATHS, FAST, AL, OURS)
    assert variables["LIMA_HOME"] == "/n/lima"
    assert variables["https_proxy"] == "http://proxy:3128"
    assert not {"SSH_AUTH_SOCK", "ANTHROPIC_API_KEY"} & set(variables)


def test_a_person_keeps_their_path_so_that_their_qemu_is_found() -> None:
    path = environment(PATHS, FAST, AL, OURS)["PATH"]
    mounts, _, rest = path.partition(":")
    assert mounts.startswith("/n/tools/mounts-")
    assert rest == "/n/tools/lima-2.2.0/bin:/opt/nix/bin:/usr/bin"


def test_the_system_user_gets_neither_our_path_nor_our_cache() -> None:
    variables = environment(SYSTEM, FAST, Identity("nopal", 9, 9, (9,), "/var/lib/nopal"), OURS)
    assert "/opt/nix" not in variables["PATH"]
    assert variables["HOME"] == "/var/lib/nopal"
    assert "XDG_CACHE_HOME" not in variables


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_qemu_is_told_to_emulate_only_where_it_must(machine: str) -> None:
    variable = f"QEMU_SYSTEM_{machine.upper()}"
    slow = replace(SLOW, machine=machine)  # type: ignore[arg-type]
    fast = replace(FAST, machine=machine)  # type: ignore[arg-type]
    assert "-accel tcg" in environment(PATHS, slow, AL, OURS)[variable]
    assert variable not in environment(PATHS, fast, AL, OURS)


@pytest.mark.parametrize(
    ("version", "processor"),
    [
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)\n", "max,cx16=off"),
        ("QEMU emulator version 10.0.2\n", "max"),
        ("", "max"),
    ],
)
def test_an_old_qemu_emulates_no_instruction_that_it_gets_wrong(
    version: str, processor: str
) -> None:
    told = environment(PATHS, SLOW, AL, OURS, qemu=version)["QEMU_SYSTEM_X86_64"]
    assert told.endswith(f"-cpu {processor}")
    assert emulation("aarch64", version).endswith("-cpu max")


def test_a_failure_tells_the_fatal_line_of_limactl() -> None:
    stderr = (
        '{"level":"fatal","msg":"expected status `Stopped`, got `Running`"}\n'
        '{"level":"warning","msg":"something else"}'
    )
    with pytest.raises(LimactlFailed) as failed:
        failing(1, stderr).delete("blog")
    assert failed.value.detail == "expected status `Stopped`, got `Running`"
    assert str(failed.value).startswith("`limactl delete blog` failed (1)")


def test_a_failure_without_a_word_says_so() -> None:
    with pytest.raises(LimactlFailed, match="it said nothing"):
        failing(2, "").protect("blog")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"level":"info","msg":"READY"}', "READY"),
        ('{"level":"error","msg":"no disk","error":"ENOSPC"}', "no disk: ENOSPC"),
        ("Downloading 12 %", "Downloading 12 %"),
        ("[1]", "[1]"),
    ],
)
def test_a_line_of_the_log_becomes_a_sentence(line: str, expected: str) -> None:
    assert message(line) == expected


def test_what_qemu_refuses_is_a_failure_though_limactl_ends_well() -> None:
    said = (
        '{"level":"info","msg":"Sending HMP loadvm command"}\n'
        '{"level":"warning","msg":"output: Error: Snapshot \'a\' does not exist"}'
    )
    with pytest.raises(LimactlFailed) as failed:
        failing(0, said).snapshot("apply", "blog", "a")
    assert failed.value.detail == "Error: Snapshot 'a' does not exist"
    failing(0, '{"level":"warning","msg":"it is experimental"}').snapshot("create", "blog", "a")


def test_a_version_is_the_last_word_of_the_answer() -> None:
    limactl = Limactl(lambda *_, **__: Completed(0, "limactl version 2.2.0-153-g183a60d\n"))
    assert limactl.version() == "2.2.0-153-g183a60d"


def test_a_system_user_that_is_not_there_is_a_case_for_set_up(tmp_path: Path) -> None:
    paths = LimaPaths(tmp_path, tmp_path, tmp_path, user="no-such-user-here")
    with pytest.raises(LimactlMissing):
        LimactlProcess(Path("/bin/true"), paths, FAST, os.environ)(["list"])
