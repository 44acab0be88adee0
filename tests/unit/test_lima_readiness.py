from __future__ import annotations

from pathlib import Path

import pytest

from lima.readiness import last_words, readiness


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ("", "booting"),
        ('{"status":{"sshLocalPort":60022}}\n', "booting"),
        ('{"status":{"running":true}}\n', "ready"),
        ('{"status":{"running":true,"degraded":true}}\n', "ready"),
        ('{"status":{"running":true}}\n{"status":{"exiting":true}}\n', "exiting"),
        ('{"status":{"running":true}}\n{"status":{"sshLocal', "ready"),
        ("[]\n", "booting"),
    ],
)
def test_the_events_of_the_host_agent_tell_how_far_a_boot_is(
    tmp_path: Path, events: str, state: str
) -> None:
    (tmp_path / "ha.stdout.log").write_text(events, encoding="utf-8")
    assert readiness(tmp_path) == state


def test_a_machine_that_never_started_is_booting_and_has_no_last_words(tmp_path: Path) -> None:
    assert readiness(tmp_path) == "booting"
    assert last_words(tmp_path) == ""


def test_only_complaints_are_last_words(tmp_path: Path) -> None:
    lines = [
        '{"level":"debug","msg":"one"}',
        '{"level":"error","msg":"two"}',
        '{"level":"fatal","msg":"three","error":"four"}',
        '{"level":"info","msg":"five"}',
        '{"level":"debug","msg":"qemu[stderr]: no KVM"}',
    ]
    (tmp_path / "ha.stderr.log").write_text("\n".join(lines), encoding="utf-8")
    assert last_words(tmp_path) == "two; three: four; qemu[stderr]: no KVM"
