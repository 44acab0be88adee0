from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from guard.command import Completed
from guard.git_identity import GitIdentity
from guard.public_key import PublicKey, parse_public_key
from guard.secrets.catalogue import PROVIDERS
from guard.secrets.fetch import Wanted
from guard.secrets.provider import Tools
from guard.secrets.reference import parse_reference
from guard.ssh_agent import AgentUnreachable
from lima.errors import LimactlMissing
from lima.instance import Instance
from nopal.doctor import identity, permissions, programs, space, stale, virtualisation
from nopal.doctor.finding import Check, Finding
from nopal.doctor.stores import store_checks
from nopal.lock import is_held, locked
from nopal.state import MachineState, StateStore

GIB = 1024**3
KEY = parse_public_key(
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJKBF0vRRmBMBbPzz1bYlMCXaaHMcgKrfrQQ4/A1T+1O work@laptop"
)


@dataclass(frozen=True)
class Part:
    """A requirement of this computer."""

    is_there: bool
    name: str = "QEMU"
    why: str = "runs the machines"
    command: str = "sudo apt-get install qemu-system-x86"

    def is_met(self) -> bool:
        return self.is_there

    def install(self, on_line: object) -> None:
        raise AssertionError("a check installs nothing")


def program(done: Completed) -> Finding:
    checks = programs.program_checks(
        (), lambda: "Lima 2.2.0", [("git", "--version")], {}, lambda *_words: done
    )
    return checks[-1].look()


def test_a_requirement_that_is_not_met_is_named_with_what_installs_it() -> None:
    check, _driver = programs.program_checks([Part(is_there=False)], str, (), {})
    assert check.look() == Finding(
        False,
        "missing or not usable; it runs the machines",
        "inv setup   # sudo apt-get install qemu-system-x86",
    )
    assert programs.program_checks([Part(is_there=True)], str, (), {})[0].look().ok


def test_the_version_of_what_runs_machines_is_asked_for_only_when_looked_at() -> None:
    def version() -> str:
        raise LimactlMissing

    (check,) = programs.program_checks((), version, (), {})
    with pytest.raises(LimactlMissing):
        check.look()


@pytest.mark.parametrize(
    ("done", "finding"),
    [
        (Completed(0, "git version 2.39.5\n", ""), Finding(True, "2.39.5")),
        (Completed(0, "", "OpenSSH_9.2p1 Debian-2\n"), Finding(True, "9.2p1")),
        (Completed(127, "", ""), Finding(False, "not found on PATH", "install git")),
        (Completed(1, "", ""), Finding(False, "`git --version` ended with 1", "reinstall git")),
    ],
)
def test_a_program_is_there_with_its_version_or_has_a_fix(
    done: Completed, finding: Finding
) -> None:
    assert program(done) == finding


def test_emulation_is_no_fault_but_a_kvm_one_may_not_open_is() -> None:
    check = virtualisation.virtualisation_check
    assert check("", may_not_open_kvm=False).look().ok
    assert check("no vmx or svm", may_not_open_kvm=False).look().ok
    refused = check("you may not", may_not_open_kvm=True).look()
    assert not refused.ok
    assert "usermod -aG kvm" in refused.fix


@pytest.mark.parametrize(
    ("free", "total", "is_ok"),
    [(50 * GIB, 100 * GIB, True), (4 * GIB, 100 * GIB, False), (9 * GIB, 900 * GIB, False)],
)
def test_a_disk_is_measured_by_what_is_free(free: int, total: int, is_ok: bool) -> None:
    (check,) = space.space_checks([Path("/x")], lambda _path: space.Space(1, free, total))
    assert check.look().ok is is_ok


def test_a_disk_is_named_once_however_much_is_on_it(tmp_path: Path) -> None:
    checks = space.space_checks([tmp_path, tmp_path / "not/there/yet"])
    assert [check.name for check in checks] == [f"disk of {tmp_path}"]


def agent(*sockets: tuple[str, str], is_needed: bool = True, **keys: tuple[PublicKey, ...]) -> str:
    """Return what the check says of agents by path and origin, with the keys by origin."""
    origins = {Path(path): origin for path, origin in sockets}

    def list_keys(path: Path) -> tuple[PublicKey, ...]:
        assert not identity.is_password_manager(path), "a password manager was asked"
        if origins[path] not in keys:
            raise AgentUnreachable(path, "connection refused")
        return keys[origins[path]]

    check = identity.agent_check(
        origins,
        lambda: is_needed,
        list_keys,
        lambda _path: None,
    )
    finding = check.look()
    return f"{'ok' if finding.ok else 'wrong'}: {finding.says}"


def test_the_first_agent_with_keys_is_the_one() -> None:
    said = agent(("/a", "dead"), ("/b", "empty"), ("/c", "full"), empty=(), full=(KEY,))
    assert said == "ok: full has 1 key: work@laptop"


def test_an_agent_without_keys_is_a_fault() -> None:
    assert agent(("/a", "empty"), empty=()) == "wrong: empty holds no key: commits stay unsigned"


def test_no_agent_is_a_fault_only_where_one_is_needed() -> None:
    assert agent(("/a", "dead")) == "wrong: none answers (dead: connection refused)"
    assert agent() == "wrong: none answers (nothing names one)"
    assert agent(is_needed=False).startswith("ok: none answers")


@pytest.mark.parametrize(
    "path",
    [
        "/home/ann/.1password/agent.sock",
        "/home/ann/.bitwarden-ssh-agent.sock",
        "/Users/ann/Library/Group Containers/2BUA8C4S2C.com.1password/t/agent.sock",
    ],
)
def test_a_password_manager_is_not_asked_for_its_keys(path: str) -> None:
    assert agent((path, "it")) == "ok: it listens; its keys are not asked for here"


def test_a_link_to_a_password_managers_socket_counts_as_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/home/ann/.1password/agent.sock")
    assert identity.is_password_manager(tmp_path / "link")


def test_git_without_a_name_says_what_to_type_for_what_is_missing() -> None:
    assert identity.git_check(lambda: GitIdentity("Ann", "ann@example.com")).look().ok
    finding = identity.git_check(lambda: GitIdentity(name="Ann")).look()
    assert finding.says == "git has no user.email"
    assert finding.fix == "git config --global user.email YOU@EXAMPLE.COM"


def test_a_private_file_that_others_may_read_is_mended(tmp_path: Path) -> None:
    secret, fine = tmp_path / "a b.json", tmp_path / "fine.json"
    for path, mode in ((secret, 0o644), (fine, 0o600)):
        path.touch()
        path.chmod(mode)
    check, _settings = permissions.permission_checks([secret, fine, tmp_path / "none"], (), ())
    finding = check.look()
    assert finding.says == f"others may have read: {secret}"
    assert finding.fix == f"chmod go-rwx '{secret}'"
    assert finding.mend is not None
    finding.mend()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert check.look().ok


def test_settings_may_be_read_by_others_and_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "projects.toml"
    file.touch()
    file.chmod(0o644)
    _private, check = permissions.permission_checks((), [file], ())
    assert check.look().ok
    file.chmod(0o664)
    assert check.look().fix == f"chmod go-w {file}"


def test_a_folder_that_leads_nowhere_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(tmp_path / "disk that is not mounted")
    *_files, gone, there = permissions.permission_checks(
        (), (), [("gone", tmp_path / "home/lima"), ("there", tmp_path / "new/lima")]
    )
    assert gone.look() == Finding(
        False, f"{tmp_path}/home leads nowhere", f"mount what {tmp_path}/home leads to"
    )
    assert there.look().ok


def test_locks_of_no_machine_and_old_half_written_files_are_removed(tmp_path: Path) -> None:
    old = time.time() - 7200
    for name in (".gone.lock", ".blog.lock", ".blog.x1y2", ".blog.new", "blog.json"):
        (tmp_path / name).touch()
    for name in (".blog.x1y2", "blog.json"):
        os.utime(tmp_path / name, (old, old))
    check = stale.file_check(tmp_path, {"blog"})
    finding = check.look()
    assert not finding.ok
    assert finding.mend is not None
    finding.mend()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".blog.lock",
        ".blog.new",
        "blog.json",
    ]
    assert check.look().ok


def test_a_lock_that_somebody_holds_is_none_of_our_business(tmp_path: Path) -> None:
    with locked(tmp_path / ".new.lock", lambda: None):
        assert stale.file_check(tmp_path, ()).look().ok
    assert not is_held(tmp_path / ".new.lock")
    assert not is_held(tmp_path / ".none.lock")
    assert not (tmp_path / ".none.lock").exists()


def test_a_state_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    states = StateStore(tmp_path)
    states.write(MachineState(name="blog"))
    assert stale.state_check(states).look().ok
    (tmp_path / "blog.json").write_text("{")
    finding = stale.state_check(states).look()
    assert "blog.json" in finding.says
    assert finding.fix.startswith("Move that file away")


def test_what_is_half_made_is_told_and_pruned() -> None:
    things = ["x, half a fork"]

    def prune(only_tells: bool) -> Sequence[str]:
        told = list(things)
        if not only_tells:
            things.clear()
        return told

    check = stale.half_made_check(prune)
    finding = check.look()
    assert finding.says == "half made: x, half a fork"
    assert finding.mend is not None
    finding.mend()
    assert check.look().ok


def machine(name: str, status: str, *, errors: tuple[object, ...] = ()) -> Instance:
    return Instance(name=name, dir=f"/lima/{name}", status=status, errors=errors)


def machines(states: StateStore, *found: Instance, held: str = "") -> dict[str, Finding]:
    checks = stale.machine_checks(found, states, lambda name: name == held)
    return {check.name: check.look() for check in checks}


def test_each_machine_is_whole_or_has_a_fix(tmp_path: Path) -> None:
    states = StateStore(tmp_path)
    for state in (
        MachineState(name="gone"),
        MachineState(name="twin", is_twin=True),
        MachineState(name="busy"),
    ):
        states.write(state)
    found = machines(
        states,
        machine("well", "Running"),
        machine("twin", "Running"),
        machine("broken", "Broken", errors=("QEMU died",)),
        machine("nopal-bake-1", "Running"),
        held="busy",
    )
    assert {name: finding.ok for name, finding in found.items()} == {
        "machine broken": False,
        "machine busy": True,
        "machine gone": False,
        "machine twin": False,
        "machine well": True,
    }
    assert found["machine broken"] == Finding(False, "broken: QEMU died", "inv up -p broken")
    assert "inv destroy -p gone" in found["machine gone"].fix


def process(*words: str, running: Sequence[Instance] = ()) -> Finding:
    check: Check = stale.process_check(Path("/lima"), running, lambda: [(7, words)])
    return check.look()


def test_a_qemu_without_a_machine_is_found_by_its_files() -> None:
    words = ("/usr/bin/qemu-system-x86_64", "-drive", "file=/lima/blog/disk,if=virtio")
    finding = process(*words)
    assert finding.says == "process 7 still works on blog, which does not run"
    assert finding.fix == "kill 7"
    assert process(*words, running=[machine("blog", "Running")]).ok
    assert not process(*words, running=[machine("blog", "Stopped")]).ok


@pytest.mark.parametrize(
    "words",
    [(), ("vim", "/lima/blog/lima.yaml"), ("qemu-system-x86_64", "-drive", "file=/other/disk")],
)
def test_no_other_process_is_taken_for_one(words: tuple[str, ...]) -> None:
    assert process(*words).ok


def test_each_store_in_use_is_looked_for_once(tmp_path: Path) -> None:
    texts = ("vault://kv/app#a", "vault://kv/app#b", "env://A")
    wanted = [Wanted(f"N{i}", parse_reference(text, PROVIDERS)) for i, text in enumerate(texts)]
    missing = Completed(127, "", "vault: No such file or directory")
    checks = store_checks(wanted, Tools({}, tmp_path, lambda *_, **__: missing))
    assert [(one.name, one.look().ok) for one in checks] == [
        ("secrets of vault", False),
        ("secrets of env", True),
    ]
