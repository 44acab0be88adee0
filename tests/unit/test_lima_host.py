from __future__ import annotations

import pytest

from lima.host import Host, machine_of, os_release, why_emulated

INTEL = "processor\t: 0\nflags\t\t: fpu vme vmx sse\n"
NO_FLAG = "processor\t: 0\nflags\t\t: fpu vme sse\nbugs\t\t: vmx\n"


def test_a_processor_with_the_flag_and_an_open_kvm_runs_at_full_speed() -> None:
    assert why_emulated("x86_64", INTEL, has_kvm=True, may_open_kvm=True) == ""


@pytest.mark.parametrize(
    ("cpuinfo", "has_kvm", "may_open", "reason"),
    [
        (NO_FLAG, True, True, "vmx"),
        ("", True, True, "vmx"),
        (INTEL, False, False, "/dev/kvm"),
        (INTEL, True, False, "usermod"),
    ],
    ids=["a kvm without the flag", "nothing known", "no kvm", "a kvm of somebody else"],
)
def test_else_it_says_why_not(cpuinfo: str, has_kvm: bool, may_open: bool, reason: str) -> None:
    found = why_emulated("x86_64", cpuinfo, has_kvm=has_kvm, may_open_kvm=may_open)
    assert reason in found


def test_an_arm_processor_shows_no_flag_and_needs_none() -> None:
    assert why_emulated("aarch64", "Features : fp", has_kvm=True, may_open_kvm=True) == ""


@pytest.mark.parametrize(("name", "machine"), [("arm64", "aarch64"), ("amd64", "x86_64")])
def test_processors_go_by_limas_names(name: str, machine: str) -> None:
    assert machine_of(name) == machine


def test_a_processor_that_lima_has_no_image_for_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        machine_of("riscv64")


def test_os_release_is_read_with_and_without_quotes() -> None:
    assert os_release("ID=ubuntu\nID_LIKE='debian x'\n# no\nNAME=\"A = B\"\n") == {
        "ID": "ubuntu",
        "ID_LIKE": "debian x",
        "NAME": "A = B",
    }


@pytest.mark.parametrize(
    ("distribution", "like", "expected"),
    [("debian", (), True), ("linuxmint", ("ubuntu", "debian"), True), ("fedora", (), False)],
)
def test_the_debian_family_is_known_by_its_relatives(
    distribution: str, like: tuple[str, ...], expected: bool
) -> None:
    host = Host("Linux", "x86_64", True, distribution=distribution, like=like)
    assert host.is_debian_family is expected


def test_macs_run_vz_and_the_others_qemu() -> None:
    assert Host("Darwin", "aarch64", True).vm_type == "vz"
    assert Host("Linux", "aarch64", True).vm_type == "qemu"
