from __future__ import annotations

import pytest
from step_facts import FACTS

from provision import Member, Service, Sysctl, Unit, User


def test_a_user_that_is_there_with_the_shell_calls_for_no_change() -> None:
    line = "dev:x:1000:1000::/home/dev:/usr/bin/zsh"
    assert User("dev", shell="/usr/bin/zsh").plan(line, FACTS) is None
    assert User("dev").plan(line, FACTS) is None


def test_a_user_is_made_with_a_home() -> None:
    change = User("eve").plan("", FACTS)
    assert change is not None
    assert change.script == "useradd --create-home -- eve"


def test_a_login_shell_is_changed_only_to_one_that_is_installed() -> None:
    change = User("dev", shell="/usr/bin/fish").plan("dev:x:1:1::/home/dev:/bin/bash", FACTS)
    assert change is not None
    assert change.script == (
        "[ -x /usr/bin/fish ] || { echo '/usr/bin/fish is not installed'; exit 1; }\n"
        "usermod --shell /usr/bin/fish -- dev"
    )


def test_all_users_are_looked_up_with_one_getent() -> None:
    users = [User("dev"), User("eve")]
    assert User.batch_probe(users) == "getent passwd dev eve || :"
    assert User.batch_states(users, "eve:x:1:1::/:/bin/sh\n") == ["", "eve:x:1:1::/:/bin/sh"]


@pytest.mark.parametrize("name", ["", "-x", "a b", "Root", "a;b"])
def test_names_that_useradd_would_refuse_are_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        User(name)


def test_a_member_of_the_group_calls_for_no_change() -> None:
    assert Member("dev", "docker").plan("docker:x:999:eve,dev", FACTS) is None


def test_a_user_whose_name_is_part_of_a_members_name_is_added() -> None:
    change = Member("dev", "docker").plan("docker:x:999:devel", FACTS)
    assert change is not None
    assert change.script == "usermod --append --groups docker -- dev"
    assert Member.needs_new_login


def test_a_service_that_runs_and_starts_at_boot_calls_for_no_change() -> None:
    state = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled"
    assert Service("docker").plan(state, FACTS) is None


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        ("", "enable and start"),
        ("LoadState=loaded\nActiveState=inactive\nUnitFileState=enabled", "start"),
        ("LoadState=loaded\nActiveState=active\nUnitFileState=disabled", "enable"),
        (
            "LoadState=masked\nActiveState=inactive\nUnitFileState=masked",
            "unmask and enable and start",
        ),
    ],
    ids=["absent", "stopped", "disabled", "masked"],
)
def test_a_service_is_given_what_it_lacks(state: str, verbs: str) -> None:
    change = Service("docker").plan(state, FACTS)
    assert change is not None
    assert change.summary == f"{verbs} docker"


def test_a_service_that_shall_not_run_is_stopped_and_disabled() -> None:
    state = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled"
    change = Service("cups", enabled=False, running=False).plan(state, FACTS)
    assert change is not None
    assert change.script == "systemctl disable -- cups\nsystemctl stop -- cups"


@pytest.mark.parametrize("enabled", [True, False])
def test_a_unit_that_cannot_be_enabled_or_disabled_is_left_as_it_is(enabled: bool) -> None:
    state = "LoadState=loaded\nActiveState=active\nUnitFileState=static"
    assert Service("dbus", enabled=enabled).plan(state, FACTS) is None


def test_what_is_left_open_of_a_service_is_left_alone() -> None:
    assert Service("x.timer", enabled=None, running=None).plan("", FACTS) is None


def test_all_services_are_asked_for_at_once_and_answered_in_order() -> None:
    services = [Service("a"), Service("b")]
    assert Service.batch_probe(services).count("systemctl show") == 1
    assert Service.batch_states(services, "Id=a\nX=1\n\nId=b\nX=2\n") == ["Id=a\nX=1", "Id=b\nX=2"]
    assert Service.batch_states(services, "") == ["", ""]


def test_units_are_all_written_before_systemd_reads_them_once() -> None:
    units = [Unit("a.service", "A"), Unit("docker.service.d/nopal.conf", "B")]
    changes = [unit.plan("-", FACTS) for unit in units]
    merged = Unit.merge(units, [change for change in changes if change])
    assert merged is not None
    assert merged.script.count("daemon-reload") == 1
    assert merged.script.endswith("systemctl daemon-reload")
    assert "/etc/systemd/system/docker.service.d/nopal.conf" in merged.script


@pytest.mark.parametrize("name", ["", "../x.service", "a/b/c", "-x", "a b"])
def test_names_that_lead_out_of_systemds_directory_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        Unit(name, "")


def test_a_setting_that_holds_now_and_at_boot_calls_for_no_change() -> None:
    step = Sysctl("net.ipv4.ip_local_port_range", "1024 65000")
    assert step.plan("1024\t65000\nnet.ipv4.ip_local_port_range = 1024 65000", FACTS) is None


@pytest.mark.parametrize("state", ["1\n", "0\nvm.swappiness = 1", "\n"])
def test_a_setting_that_holds_only_now_or_only_at_boot_is_set(state: str) -> None:
    change = Sysctl("vm.swappiness", "1").plan(state, FACTS)
    assert change is not None
    assert change.script.endswith("printf '%s\\n' 1 >/proc/sys/vm/swappiness")
    assert "/etc/sysctl.d/60-nopal-vm.swappiness.conf" in change.script


@pytest.mark.parametrize("key", ["", "../x", "a b", "-x"])
def test_keys_that_lead_out_of_proc_sys_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match="no kernel setting"):
        Sysctl(key, "1")
