"""The engine with real shells on this machine."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import pytest
from sample_steps import Broken, Joint, Reading, Recorder, Text, Verify

from provision.engine import Outcome, converge
from provision.errors import ContradictingSteps, GuestUnreachable, StepFailed, SudoRefused
from provision.probe import ENVIRONMENT
from provision.report import SilentReport
from provision.session import MOST_STUCK
from provision.shell import quote
from provision.step import Step
from provision.steps.block import Block
from provision.steps.check import Check
from provision.steps.file import File
from provision.steps.json_merge import JsonMerge
from provision.steps.line import Line
from provision.steps.sysctl import Sysctl
from provision.transport.local import LocalTransport


@pytest.fixture(params=["dash", "bash"])
def transport(request: pytest.FixtureRequest, tmp_path: Path) -> LocalTransport:
    """Run everything by the named shell, as `sh`."""
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"no {request.param} on this host")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to(shell)
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    return LocalTransport(environment={**os.environ, "PATH": path})


@pytest.fixture
def here(tmp_path: Path) -> Path:
    place = tmp_path / 'it\'s a "place"\\ of\tours'
    place.mkdir()
    return place


def statuses(outcome: Outcome) -> list[str]:
    return [result.status for result in outcome.results]


def login(*steps: Step) -> list[Step]:
    return [replace(step, run_as="login") for step in steps]


def run(
    transport: LocalTransport,
    *steps: Step,
    report: Recorder | None = None,
    dry_run: bool = False,
    expects_changes: bool = False,
    keep_going: bool = False,
    requires: Mapping[str, tuple[str, ...]] | None = None,
    log: io.StringIO | None = None,
) -> Outcome:
    return converge(
        transport,
        login(*steps),
        report or SilentReport(),
        dry_run=dry_run,
        expects_changes=expects_changes,
        keep_going=keep_going,
        requires=requires,
        log=log,
    )


def test_a_first_converge_takes_three_execs_and_the_next_one(
    transport: LocalTransport, here: Path
) -> None:
    steps = [Text(here / "a"), Text(here / "b", "it's\t\\n"), Joint(here / "c"), Joint(here / "d")]
    first = run(transport, *steps)
    assert (statuses(first), first.execs) == (["changed"] * 4, 3)
    second = run(transport, *steps)
    assert (statuses(second), second.execs, second.is_converged) == (["ok"] * 4, 1, True)


def test_no_steps_at_all_still_give_the_facts(transport: LocalTransport) -> None:
    outcome = run(transport)
    assert outcome.facts.home == os.environ["HOME"]
    assert outcome.facts.uid == os.getuid()
    assert outcome.execs == 1


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    transport: LocalTransport, here: Path
) -> None:
    outcome = run(transport, Text(here / "a"), Verify(f"test -e '{here.name}/a'"), dry_run=True)
    assert (statuses(outcome), outcome.execs) == (["would change", "would change"], 1)
    assert not (here / "a").exists()


def test_a_dry_run_shows_how_files_would_change_with_one_exec_more(
    transport: LocalTransport, here: Path
) -> None:
    for name in ("a", "b", "secret", "mode"):
        (here / name).write_text("old\nkept\n")
    (here / "mode").chmod(0o600)
    (here / "large").write_text("x" * (64 * 1024 + 1))
    steps: list[Step] = [
        File(str(here / "a"), "new\nkept\n"),
        File(str(here / "b"), "kept\n"),
        File(str(here / "secret"), "new\n", sensitive=True),
        File(str(here / "mode"), "old\nkept\n"),
        File(str(here / "large"), "new\n"),
    ]
    log = io.StringIO()
    outcome = run(transport, *steps, dry_run=True, log=log)
    assert (statuses(outcome), outcome.execs) == (["would change"] * 5, 2)
    assert [result.detail.partition("@@\n")[2] for result in outcome.results] == [
        "-old\n+new\n kept\n",
        "-old\n kept\n",
        "",
        "",
        "",
    ]
    assert "secret" not in log.getvalue().partition("# contents")[2]
    assert base64.b64encode(b"old\nkept\n").decode() not in log.getvalue()
    assert run(transport, *steps[2:4], dry_run=True).execs == 1


def test_a_dry_run_shows_how_lines_and_blocks_would_change_and_not_the_lines_around(
    transport: LocalTransport, here: Path
) -> None:
    before = "KEY=secret\nA=0\nB=0\n"
    (here / "real").write_text(before)
    (here / "link").symlink_to(here / "real")
    (here / "large").write_text("x" * (64 * 1024 + 1))
    steps: list[Step] = [
        Line(str(here / "real"), "A=1", match="^A="),
        Block(str(here / "link"), "it's\t\\n $x\n"),
        Block(str(here / "new"), "é\n"),
        Line(str(here / "large"), "A=1"),
        Line(str(here / "real"), "B=1", match="^B=", sensitive=True),
    ]
    log = io.StringIO()
    outcome = run(transport, *steps, dry_run=True, log=log)
    assert (statuses(outcome), outcome.execs) == (["would change"] * 5, 2)
    shown = [result.detail for result in outcome.results]
    assert shown[0] == f"--- {here}/real\n+++ {here}/real\n@@ -2 +2 @@\n-A=0\n+A=1\n"
    marked = ["+# >>> nopal: nopal >>>", "+it's\t\\n $x", "+# <<< nopal: nopal <<<"]
    assert shown[1].splitlines()[2:] == ["@@ -3,0 +4,3 @@", *marked]
    assert "+é\n" in shown[2]
    assert shown[2].startswith("--- /dev/null\n")
    assert shown[3:] == ["", ""]
    assert (here / "real").read_text() == before
    assert base64.b64encode(before.encode()).decode() not in log.getvalue()
    # What is shown is what comes about.
    run(transport, *steps)
    assert (here / "real").read_text().splitlines()[:3] == ["KEY=secret", "A=1", "B=1"]


def test_the_first_failure_stops_the_rest(transport: LocalTransport, here: Path) -> None:
    report = Recorder()
    outcome = run(
        transport,
        Text(here / "a"),
        Broken("bad", act="echo what happened; false; echo not reached"),
        Text(here / "b"),
        report=report,
    )
    assert statuses(outcome) == ["changed", "failed", "skipped"]
    assert outcome.failed[0].detail == "what happened"
    assert outcome.results[2].summary == "`broken:bad` failed"
    assert not (here / "b").exists()
    assert report.events == [
        ("begins", "text:a"),
        ("begins", "broken:bad"),
        ("says", "broken:bad", "what happened"),
        ("ends", "broken:bad", "failed"),
        ("ends", "text:a", "changed"),
        ("ends", "text:b", "skipped"),
    ]
    with pytest.raises(StepFailed, match="what happened"):
        outcome.raise_for_failure()


def test_keep_going_applies_the_rest(transport: LocalTransport, here: Path) -> None:
    outcome = run(transport, Broken("bad", act="false"), Text(here / "b"), keep_going=True)
    assert statuses(outcome) == ["failed", "changed"]


def test_keep_going_skips_what_depends_on_a_failure_and_nothing_else(
    transport: LocalTransport, here: Path
) -> None:
    def of(profile: str, step: Step) -> Step:
        return replace(step, tags=(profile,))

    steps = [
        of("node", Joint(here / "before")),
        of("node", Broken("bad", act="false")),
        of("node", Verify("false")),
        of("claude", Text(here / "claude")),
        of("gh", Text(here / "gh")),
        of("claude", Joint(here / "joint of claude")),
        of("gh", Joint(here / "joint of gh")),
        of("gh", Broken("other", act="false")),
        of("gh", Text(here / "after")),
    ]
    outcome = run(
        transport, *steps, keep_going=True, requires={"node": (), "claude": ("node",), "gh": ()}
    )
    assert [(result.id.partition(":")[2], result.status) for result in outcome.results] == [
        ("before", "changed"),
        ("bad", "failed"),
        ("false", "skipped"),
        ("claude", "skipped"),
        ("gh", "changed"),
        ("joint of claude", "changed"),
        ("joint of gh", "changed"),
        ("other", "failed"),
        ("after", "skipped"),
    ]
    # The files were made at once, before anything had failed; a failure with steps left costs an
    # exec more.
    assert outcome.execs == 4


def test_of_a_joint_change_only_the_independent_part_is_done_after_a_failure(
    transport: LocalTransport, here: Path
) -> None:
    steps = [
        replace(Broken("bad", act="false"), tags=("node",)),
        replace(Joint(here / "claude"), tags=("claude",)),
        replace(Joint(here / "gh"), tags=("gh",)),
        replace(Joint(here / "both"), tags=("claude", "gh")),
    ]
    requires = {"node": (), "claude": ("node",), "gh": ()}
    outcome = run(transport, *steps, keep_going=True, requires=requires)
    assert statuses(outcome) == ["failed", "skipped", "changed", "changed"]
    assert outcome.results[1].summary == "`broken:bad` failed"


def test_the_guilty_one_of_a_joint_change_keeps_back_only_what_depends_on_it(
    transport: LocalTransport, here: Path
) -> None:
    steps = [
        replace(Joint(here / "bad"), tags=("one",)),
        replace(Joint(here / "good"), tags=("two",)),
        replace(Text(here / "of one"), tags=("one",)),
        replace(Text(here / "of two"), tags=("two",)),
    ]
    outcome = run(transport, *steps, keep_going=True, requires={"one": (), "two": ()})
    assert statuses(outcome) == ["failed", "changed", "skipped", "changed"]


def test_what_was_applied_and_still_differs_did_not_converge(transport: LocalTransport) -> None:
    outcome = run(transport, Broken("never", look="echo as before", act="echo did it"))
    assert statuses(outcome) == ["failed"]
    assert "did not converge" in outcome.failed[0].summary
    assert outcome.failed[0].detail == "did it\nstate afterwards: as before"


def test_what_an_earlier_change_made_differ_gets_a_second_round(
    transport: LocalTransport, here: Path
) -> None:
    spoiled = Text(here / "b")
    run(transport, spoiled)
    spoiler = Text(here / "a", before=f"rm -f '{here / 'b'}'".replace("it's", "it'\"'\"'s"))
    outcome = run(transport, spoiled, spoiler)
    assert (statuses(outcome), outcome.execs) == (["changed", "changed"], 5)


@pytest.mark.parametrize(
    "look",
    [
        "if then (",
        "exit 3",
        "printf '\\036%s\\n' deadbeef",
        "head -c 1000 /dev/urandom",
        'echo } ; echo "\'"; cat',
        "unknown-command-of-nobody",
        "kill -9 $$",
    ],
)
def test_a_probe_gone_wrong_harms_only_its_own_step(
    transport: LocalTransport, here: Path, look: str
) -> None:
    outcome = run(
        transport, Text(here / "a"), Broken("odd", look), Text(here / "b"), keep_going=True
    )
    assert [outcome.results[0].status, outcome.results[2].status] == ["changed", "changed"]


def probed_within(
    transport: LocalTransport, limit_s: int, *steps: Step, report: Recorder | None = None
) -> Outcome:
    return converge(
        transport, login(*steps), report or SilentReport(), dry_run=True, probe_limit_s=limit_s
    )


def test_a_probe_that_hangs_fails_and_the_others_are_asked_without_it(
    transport: LocalTransport, here: Path
) -> None:
    told = Recorder()
    hangs = Broken("hangs", "trap '' TERM; echo so far; sleep 500 & wait")
    steps = [Joint(here / "a"), hangs, Joint(here / "b"), Verify("true")]
    outcome = probed_within(transport, 1, *steps, report=told)
    assert statuses(outcome) == ["would change", "failed", "would change", "ok"]
    assert outcome.results[1].summary == (
        "cannot be looked at: its probe did not end, though it was given 1 s"
    )
    assert outcome.execs == 2
    assert told.events[0][:2] == ("says", "broken:hangs")


def test_of_steps_that_are_probed_together_the_one_that_hangs_is_found(
    transport: LocalTransport, here: Path
) -> None:
    os.mkfifo(here / "fifo")
    steps = [Reading(here / name) for name in ("a", "fifo", "b")]
    (here / "a").write_text("there")
    outcome = probed_within(transport, 1, *steps)
    assert statuses(outcome) == ["ok", "failed", "would change"]
    assert outcome.execs == 3


def test_many_probes_that_hang_do_not_take_for_ever(transport: LocalTransport) -> None:
    steps = [Broken(str(n), "kill -9 $$") for n in range(20)]
    outcome = probed_within(transport, 100, *steps)
    assert (set(statuses(outcome)), outcome.execs) == ({"failed"}, MOST_STUCK + 1)


def test_a_hung_probe_is_not_asked_again_to_prove_what_was_done(
    transport: LocalTransport, here: Path
) -> None:
    steps = login(Text(here / "a"), Broken("hangs", "sleep 500"))
    outcome = converge(transport, steps, SilentReport(), probe_limit_s=1)
    assert (statuses(outcome), outcome.execs) == (["changed", "failed"], 4)


@pytest.mark.parametrize("act", ["if then (", "exit 3", "}", "cat; false", "set +e; exec false"])
def test_a_change_gone_wrong_is_the_one_that_failed(
    transport: LocalTransport, here: Path, act: str
) -> None:
    outcome = run(transport, Text(here / "a"), Broken("bad", act=act), Text(here / "b"))
    assert statuses(outcome) == ["changed", "failed", "skipped"]


def test_a_change_that_kills_the_whole_shell_is_the_one_that_failed(
    transport: LocalTransport, here: Path
) -> None:
    outcome = run(transport, Text(here / "a"), Broken("bad", act="kill -9 $$"), Text(here / "b"))
    assert statuses(outcome) == ["changed", "failed", "skipped"]


def test_what_a_change_writes_is_no_argument_of_any_process(
    transport: LocalTransport, here: Path
) -> None:
    seen = here.parent / "seen"
    look = f"ps -eww -o args= >'{seen}'; :"
    text = "not for " + "everybody"
    steps = [Text(here / "a", text, before=look), Text(here / "b", before=f": {'x' * 200_000}")]
    assert run(transport, *steps).is_converged
    assert text not in seen.read_text()


def test_a_change_finds_nothing_on_stdin(transport: LocalTransport, here: Path) -> None:
    outcome = run(transport, Text(here / "a", before="cat >/dev/null"), Text(here / "b"))
    assert statuses(outcome) == ["changed", "changed"]


def test_the_guilty_one_of_a_joint_change_is_named_and_the_others_are_done(
    transport: LocalTransport, here: Path
) -> None:
    outcome = run(
        transport, Joint(here / "a"), Joint(here / "bad"), Joint(here / "c"), Text(here / "d")
    )
    assert statuses(outcome) == ["changed", "failed", "changed", "skipped"]
    assert "no such thing" in outcome.failed[0].detail


def test_the_guilty_ones_of_many_are_found_by_halving(
    transport: LocalTransport, here: Path
) -> None:
    names = [f"{n}-bad" if n in {3, 60} else str(n) for n in range(64)]
    outcome = run(transport, *(Joint(here / name) for name in names))
    assert [result.id for result in outcome.failed] == ["joint:3-bad", "joint:60-bad"]
    assert statuses(outcome).count("changed") == 62
    # Probe, all at once, halves of 32, 16, 8 and 4, single ones, proof.
    assert outcome.execs == 8


def test_values_of_one_file_succeed_together_though_another_file_fails(
    transport: LocalTransport, here: Path
) -> None:
    (here / "file").touch()
    good, bad = str(here / "good.json"), str(here / "file" / "bad.json")
    steps = [JsonMerge(good, {"a": 1}), JsonMerge(bad, {"x": 1}), JsonMerge(good, {"b": 2})]
    outcome = run(transport, *steps)
    assert statuses(outcome) == ["changed", "failed", "changed"]
    assert json.loads((here / "good.json").read_text()) == {"a": 1, "b": 2}


def test_a_joint_change_begins_once_and_ends_for_each_of_its_steps(
    transport: LocalTransport, here: Path
) -> None:
    report = Recorder()
    run(transport, Joint(here / "a"), Joint(here / "b"), report=report)
    assert report.events == [
        ("begins", "joint:a"),
        ("ends", "joint:a", "changed"),
        ("ends", "joint:b", "changed"),
    ]


def test_a_check_is_judged_after_the_changes(transport: LocalTransport, here: Path) -> None:
    check = Verify(f'test -e "{here.parent}/mark"')
    mark = Text(here.parent / "mark")
    assert statuses(run(transport, check, mark)) == ["ok", "changed"]


def test_a_failing_check_fails_at_once_when_nothing_is_to_be_changed(
    transport: LocalTransport,
) -> None:
    outcome = run(transport, Verify("false"))
    assert (statuses(outcome), outcome.execs) == (["failed"], 1)


def test_a_check_is_not_judged_when_a_change_failed(transport: LocalTransport) -> None:
    outcome = run(transport, Broken("bad", act="false"), Verify("test -e /nowhere"))
    assert statuses(outcome) == ["failed", "skipped"]


def test_equal_steps_are_one_and_contradicting_ones_are_refused(
    transport: LocalTransport, here: Path
) -> None:
    one = Text(here / "a", tags=("base",))
    outcome = run(transport, one, replace(one, tags=("docker",)))
    assert [result.id for result in outcome.results] == ["text:a"]
    with pytest.raises(ContradictingSteps) as caught:
        run(transport, one, replace(one, text="other", tags=("docker",)))
    assert caught.value.fields == ("text",)
    assert "docker" in str(caught.value)


def test_the_log_holds_what_was_said(transport: LocalTransport, here: Path) -> None:
    log = io.StringIO()
    run(transport, Text(here / "a", before="echo aloud"), log=log)
    assert "# apply\n" in log.getvalue()
    assert "aloud\n" in log.getvalue()
    assert "\x1e" not in log.getvalue()


def test_hundreds_of_steps_and_large_changes_need_no_more_execs(
    transport: LocalTransport, here: Path
) -> None:
    steps = [Text(here / f"f{n}", before=f": {'x' * 2000}") for n in range(150)]
    first = run(transport, *steps)
    assert (first.is_converged, first.execs) == (True, 3)
    assert run(transport, *steps).execs == 1


def test_no_agent_of_the_environment_reaches_probes_and_changes(
    transport: LocalTransport, here: Path
) -> None:
    leaking = LocalTransport(environment={**transport.environment, "SSH_AUTH_SOCK": "/secret"})
    seen = 'echo "${SSH_AUTH_SOCK-none}"'
    step = Broken("agent", f"{seen}; cat '{here.parent}/done'", f"{seen} >'{here.parent}/done'")
    outcome = run(leaking, step)
    assert "none\nnone" in outcome.failed[0].detail


def test_steps_that_need_the_agent_run_side_by_side_with_it(
    transport: LocalTransport, here: Path
) -> None:
    with_agent = LocalTransport(environment={**transport.environment, "SSH_AUTH_SOCK": "/agent"})
    one, two = here.parent / "one", here.parent / "two"
    wait = (
        'touch "{}"; until [ -e "{}" ]; do sleep 0.05; done; echo $SSH_AUTH_SOCK; echo; echo "a  b"'
    )
    report = Recorder()
    outcome = run(
        with_agent,
        Text(here / "before"),
        Broken("one", f'[ -e "{one}" ] && echo y', wait.format(one, two), "y", needs_agent=True),
        Broken("two", f'[ -e "{two}" ] && echo y', wait.format(two, one), "y", needs_agent=True),
        Text(here / "after"),
        report=report,
    )
    assert statuses(outcome) == ["changed"] * 4
    assert outcome.execs == 5
    for name in ("one", "two"):
        said = [event[2] for event in report.events if event[:2] == ("says", f"broken:{name}")]
        assert said == ["/agent", "a  b"]


def test_a_failing_clone_names_itself_and_stops_what_follows(
    transport: LocalTransport, here: Path
) -> None:
    outcome = run(
        transport,
        Broken("bad", act="echo denied; exit 128", needs_agent=True),
        Text(here / "good", needs_agent=True),
        Text(here / "after"),
    )
    assert statuses(outcome) == ["failed", "changed", "skipped"]
    assert outcome.failed[0].detail == "denied"


@dataclass(frozen=True)
class NewGroup(Text):
    kind: ClassVar[str] = "new-group"
    needs_new_login: ClassVar[bool] = True


@dataclass
class Watched(LocalTransport):
    reconnects: list[int] = field(default_factory=list)
    execs: int = 0

    def run(
        self,
        script: str,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
        secret: str = "",
        is_private: bool = False,
    ) -> int:
        self.execs += 1
        return super().run(
            script, on_line, forward_agent=forward_agent, secret=secret, is_private=is_private
        )

    def reconnect(self) -> None:
        self.reconnects.append(self.execs)


def test_a_change_of_groups_logs_in_anew_before_the_proof(
    transport: LocalTransport, here: Path
) -> None:
    watched = Watched(environment=transport.environment)
    run(watched, NewGroup(here / "a"), Text(here / "b"))
    run(watched, NewGroup(here / "a"), Text(here / "b"))
    assert (watched.reconnects, watched.execs) == ([2], 4)


class Breaking(LocalTransport):
    """Loses the connection when a change says `break`."""

    def run(
        self,
        script: str,
        on_line: Callable[[str], None],
        *,
        forward_agent: bool = False,
        secret: str = "",
        is_private: bool = False,
    ) -> int:
        def line(text: str) -> None:
            on_line(text)
            if text == "break":
                raise GuestUnreachable("somewhere", "gone")

        return super().run(
            script, line, forward_agent=forward_agent, secret=secret, is_private=is_private
        )


def test_a_lost_connection_names_the_running_step_and_the_next_run_finishes(
    transport: LocalTransport, here: Path
) -> None:
    steps = [
        Text(here / "a"),
        Text(here / "b", before=f'[ -e "{here.parent}/again" ] || {{ echo break; sleep 60; }}'),
        Text(here / "c"),
    ]
    with pytest.raises(GuestUnreachable) as caught:
        run(Breaking(environment=transport.environment), *steps)
    assert caught.value.step == "text:b"
    (here.parent / "again").touch()
    assert statuses(run(transport, *steps)) == ["ok", "changed", "changed"]


@pytest.fixture
def stranger() -> Iterator[Callable[[str], LocalTransport]]:
    """A transport for a user that is not root, whose sudo is the given script."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)

        def make(sudo: str) -> LocalTransport:
            path = f"{place}:/usr/bin:/bin"
            if sudo:
                (Path(place) / "sudo").write_text(f"#!/bin/sh\n{sudo}\n")
                (Path(place) / "sudo").chmod(0o755)
            elif shutil.which("sudo", path=path):
                pytest.skip("this host has sudo")
            shell = Path(place) / "shell"
            runuser = shutil.which("runuser", path="/usr/sbin:/sbin")
            become = f"exec {runuser} -u nobody -- sh" if os.geteuid() == 0 else "exec sh"
            shell.write_text(f'#!/bin/sh\n{become} "$@"\n')
            shell.chmod(0o755)
            environment = {"PATH": path, "HOME": "/tmp", "LANG": "C"}
            return LocalTransport(str(shell), environment)

        yield make


def test_a_sudo_that_wants_a_password_is_told_with_the_cure(
    stranger: Callable[[str], LocalTransport], here: Path
) -> None:
    refusing = stranger('echo "sudo: a password is required" >&2; exit 1')
    with pytest.raises(SudoRefused, match=r"(?s)password is required.*NOPASSWD") as caught:
        converge(refusing, [Text(here / "a")], SilentReport())
    assert caught.value.why == "needs a password"


ASKS = """\
echo "$@" >>{log}
while [ $# -gt 0 ]; do case $1 in
    -S | -kS) from_stdin=y ;; -n) echo "sudo: a password is required" >&2; exit 1 ;;
    -p) shift ;; -H) ;; *) break ;;
esac; shift; done
tries=0
until [ $tries = 3 ]; do
    IFS= read -r given || {{ echo "sudo: $tries incorrect password attempt" >&2; exit 1; }}
    tries=$((tries + 1)); printf '%s\\n' "$given" >>{log}.given
    [ "$given" = "it's \\\\a \\$pass" ] && exec "$@"
    echo "Sorry, try again." >&2
done
exit 1"""
"""sudo as far as it matters here: it asks three times, on stdin."""
FREE = """\
while [ $# -gt 0 ]; do case $1 in -p) shift ;; -*) ;; *) break ;; esac; shift; done
exec "$@\""""
"""sudo for a user who needs no password: it leaves stdin alone."""
PASSWORD = "it's \\a $pass"


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder in which anybody can write."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        yield Path(place)


@pytest.mark.parametrize("sudo", [ASKS, FREE], ids=["asks", "free"])
@pytest.mark.parametrize("size", [10, 200_000], ids=["small", "large"])
def test_a_password_reaches_sudo_and_nothing_else(
    stranger: Callable[[str], LocalTransport], open_place: Path, sudo: str, size: int
) -> None:
    transport = stranger(sudo.format(log=open_place / "sudo") if sudo is ASKS else sudo)
    watched = Watched(transport.shell, transport.environment)
    log = io.StringIO()
    seen = open_place / "seen"
    look = f": {'x' * size}; {{ ps -eww -o args=; env; set; cat; }} >{seen}"
    outcome = converge(
        watched,
        [Text(open_place / "a", before=look), Text(open_place / "b")],
        SilentReport(),
        log=log,
        sudo_password=PASSWORD,
    )
    assert (statuses(outcome), watched.execs) == (["changed", "changed"], 3)
    assert PASSWORD not in seen.read_text() + log.getvalue()
    if sudo is ASKS:
        assert PASSWORD not in (open_place / "sudo").read_text()
        assert set((open_place / "sudo.given").read_text().splitlines()) == {PASSWORD}


def test_a_wrong_password_is_tried_once(
    stranger: Callable[[str], LocalTransport], open_place: Path
) -> None:
    transport = stranger(ASKS.format(log=open_place / "sudo"))
    with pytest.raises(SudoRefused, match="refuses the password of") as caught:
        converge(transport, [Text(open_place / "a")], SilentReport(), sudo_password="wrong")
    assert caught.value.why == "wrong password"
    assert (open_place / "sudo.given").read_text() == "wrong\n"


def test_a_user_who_may_not_use_sudo_is_told_so(
    stranger: Callable[[str], LocalTransport], here: Path
) -> None:
    refusing = stranger('echo "nobody is not in the sudoers file." >&2; exit 1')
    with pytest.raises(SudoRefused, match=r"(?s)not in the sudoers.*adduser nobody sudo"):
        converge(refusing, [Text(here / "a")], SilentReport(), sudo_password="any")


def test_a_missing_sudo_is_told(stranger: Callable[[str], LocalTransport], here: Path) -> None:
    with pytest.raises(SudoRefused, match="no sudo"):
        converge(stranger(""), [Text(here / "a")], SilentReport())


def test_steps_of_the_login_user_need_no_sudo(
    stranger: Callable[[str], LocalTransport],
) -> None:
    transport = stranger('echo "sudo was called" >&2; exit 1')
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        assert run(transport, Text(Path(place) / "a")).is_converged


def test_what_stands_in_etc_environment_counts_without_a_new_login(tmp_path: Path) -> None:
    place = tmp_path / "environment"
    place.write_text(
        "# comment\nPLAIN=a=b c\nQUOTED=\"d 'e'\"\nSINGLE='f'\nPATH=/nowhere\nA-B=1\nLAST=g"
    )
    script = ENVIRONMENT.replace("/etc/environment", str(place))
    lines: list[str] = []
    show = 'echo "$PLAIN|$QUOTED|$SINGLE|$LAST"'
    LocalTransport().run(f"{script}\nenvironment\n{show}", lines.append)
    assert lines == ["a=b c|d 'e'|f|g"]


def test_a_kernel_setting_is_read_whole(transport: LocalTransport) -> None:
    node = Path("/proc/sys/kernel/pid_max")
    lines: list[str] = []
    transport.run(Sysctl("kernel.pid_max", "1").probe(), lines.append)
    assert lines[0] == node.read_text().strip()


def test_what_only_proves_is_tried_once_where_changes_are_expected(
    transport: LocalTransport, here: Path
) -> None:
    tries = here / "tries"
    check = Check(f"echo x >> {quote(str(tries))}; cat {quote(str(here / 'file'))}", matches="two")
    file = File(str(here / "file"), "one\n", run_as="login")

    def tried() -> int:
        return len(tries.read_text().splitlines())

    wrong = run(transport, file, check, expects_changes=True)
    assert (statuses(wrong), wrong.execs, tried()) == (["changed", "failed"], 3, 1)
    right = run(transport, replace(file, content="two\n"), check, expects_changes=True)
    assert (statuses(right), right.execs, tried()) == (["changed", "ok"], 3, 2)
    # Nothing was to be changed after all.
    same = run(transport, replace(file, content="two\n"), check, expects_changes=True)
    assert (statuses(same), same.execs, tried()) == (["ok", "ok"], 2, 3)
    assert run(transport, check, expects_changes=True).execs == 1
