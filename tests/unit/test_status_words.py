from __future__ import annotations

import pytest

from lima.goldens import Golden
from lima.instance import Instance
from nopal.agent_states import AgentSession
from nopal.port_table import Row
from nopal.secret_notes import SecretNote
from nopal.state import MachineState
from nopal.status import sections
from nopal.status.last_converge import last_converge
from nopal.status.section import Section
from nopal.status.versions import Version, questions, versions
from profiles.pin import Pin
from provision.engine import Outcome
from provision.facts import Facts
from provision.report import StepResult
from provision.step import Step
from provision.steps.apt import Apt
from provision.steps.first_of import FirstOf
from provision.steps.npm import Npm

GIB = 1024**3
FACTS = Facts("debian", "trixie", "13", "x86_64", "6.12.1", "dev", "/home/dev")
BLOG = Instance(
    name="blog",
    dir="",
    status="Running",
    cpus=2,
    memory=4 * GIB,
    disk=16 * GIB,
    ssh_local_port=60022,
)


def lines(section: Section) -> list[str]:
    return list(section.lines)


def test_a_running_machine_says_since_when_and_where() -> None:
    section = sections.state_section(BLOG, {"uptime": "7322.5 1.0"}, "")
    assert lines(section) == ["running for 2 h 2 min, ssh at 127.0.0.1:60022"]
    assert section.data == {
        "status": "running",
        "up_s": 7322.5,
        "ssh_port": 60022,
        "silent": "",
    }


def test_a_machine_that_does_not_answer_says_why() -> None:
    section = sections.state_section(BLOG, None, "no route")
    assert lines(section) == [
        "running, ssh at 127.0.0.1:60022",
        "it does not answer: no route",
    ]


def test_a_machine_that_is_not_there_says_no_more() -> None:
    assert lines(sections.state_section(None, None, "")) == ["not there"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5.0 s"), (125, "2 min 5 s"), (7320, "2 h 2 min"), (90061, "1 d 1 h")],
)
def test_long_times_are_words(seconds: float, words: str) -> None:
    assert sections.long_time(seconds) == words


def test_shape_disk_and_image_tell_what_the_guest_adds() -> None:
    answers = {"memory": "4000000 kB\n1048576 kB", "disk": f"1 {16 * GIB} {4 * GIB} 9 9"}
    assert lines(sections.shape_section(BLOG, answers)) == [
        "2 CPUs, 4.0 GiB of memory (1.0 GiB available in it)"
    ]
    assert lines(sections.disk_section(GIB, BLOG, answers)) == [
        "1.0 GiB of this computer's, at most 16.0 GiB; 4.0 GiB free in it"
    ]
    state = MachineState(name="blog", spec={"image": "debian-13"})
    assert lines(sections.image_section(state, FACTS)) == ["debian-13 (debian 13, kernel 6.12.1)"]
    assert lines(sections.image_section(state, None)) == ["debian-13"]
    assert lines(sections.shape_section(BLOG, None)) == ["2 CPUs, 4.0 GiB of memory"]


def test_a_machine_tells_what_its_disk_began_as() -> None:
    golden = Golden("b", {"base": "1", "node": "2"}, 30, "debian-13", 16, "2026-01-31", "k1")
    assert lines(sections.golden_section("", None)) == ["began from the image"]
    assert lines(sections.golden_section("k1", golden)) == [
        "began from k1 of 2026-01-31: base node"
    ]
    assert lines(sections.golden_section("k1", None)) == ["began from k1, which is gone since"]


def test_an_orphan_a_fork_and_a_repos_machine_say_so() -> None:
    assert sections.project_section(MachineState(name="blog"), "") == ()
    state = MachineState(name="try", owner="/code/blog", fork_of="blog")
    (section,) = sections.project_section(state, "no project has this name any more")
    assert lines(section) == [
        "of the repo in /code/blog",
        "a fork, with the settings of blog",
        "orphan: no project has this name any more",
    ]


def test_ports_that_are_here_or_taken_are_named() -> None:
    table = (
        Row(3000, "tcp", ("0.0.0.0",), "node", 8000, "here"),
        Row(5432, "tcp", ("::1",), "postgres", 5432, "taken", "nginx (process 7)"),
        Row(22, "tcp", ("::",), "sshd"),
    )
    assert lines(sections.ports_section("auto", table)) == [
        "auto; inv ports tells more",
        "3000 at 127.0.0.1:8000 node",
        "5432: port 5432 here is taken by nginx (process 7)",
    ]
    assert lines(sections.ports_section("none", None)) == ["none; inv ports tells more"]


def test_agents_are_told_with_what_they_are_up_to() -> None:
    section = sections.agents_section(
        (
            AgentSession("claude", "claude", "waiting", "Bash: ls", 60, is_attached=True),
            AgentSession("review", "codex", "idle"),
        )
    )
    assert lines(section) == ["claude: waiting for 1 min 0 s: Bash: ls, attached", "review: idle"]
    assert lines(sections.agents_section(())) == ["none"]


def test_secrets_count_only_where_the_machine_still_has_what_it_was_given() -> None:
    note = SecretNote(mark="ab12", since=1000, names={"": ("A", "B"), "api": ("C",)}, wanted="")
    section = sections.secrets_section(note, {"secrets": "ab12"}, lambda: 1060.0)
    assert lines(section) == ["3 in its memory for 1 min 0 s; see: inv secrets"]
    for answer, known in (("other", note), ("", note), ("ab12\nmore", note), ("ab12", None)):
        assert sections.secrets_section(known, {"secrets": answer}).data == {
            "count": 0,
            "since": None,
        }


def test_keys_are_the_pinned_ones_and_what_up_says_of_signing() -> None:
    section = sections.keys_section(["SHA256:abc"], ["commits stay unsigned: no key"])
    assert lines(section) == ["host key SHA256:abc", "commits stay unsigned: no key"]
    assert lines(sections.keys_section([], [])) == ["no host key is pinned"]


def drift(*results: StepResult, unknown: str = "", **differences: tuple[str, str]) -> list[str]:
    outcome = Outcome(FACTS, results, 1) if results else None
    return lines(sections.drift_section(outcome, differences, unknown))


def test_drift_names_steps_and_shape_that_differ() -> None:
    fine = StepResult("apt:curl", "ok")
    wrong = StepResult("file:/etc/x", "would change", "write /etc/x (content)")
    assert drift(fine) == ["none: everything is as the files ask"]
    assert drift(fine, wrong, cpus=("2", "4")) == [
        "cpus is 2 and not 4",
        "file:/etc/x: write /etc/x (content)",
        "inv plan shows it; inv up mends it",
    ]
    assert drift(unknown="it does not run") == ["not known: it does not run"]


LOG = """\
--- 2026-01-31 10:00:00
creating the machine …
up: 36 steps: 34 ok, 2 changed; 3 execs
--- 2026-01-31 11:00:00
36 steps: 30 ok, 1 failed, 5 skipped; 2 execs
--- 2026-01-31 12:00:00
36 steps: 35 ok, 1 would change; 2 execs
"""


def test_the_last_converge_is_the_last_that_was_meant_to_change_something() -> None:
    assert last_converge(LOG.splitlines()) == (
        "2026-01-31 11:00:00",
        "36 steps: 30 ok, 1 failed, 5 skipped; 2 execs",
    )
    assert last_converge(["nothing"]) is None
    assert lines(sections.converge_section(None)) == ["nothing is known of one"]


CLAUDE = Npm("@anthropic-ai/claude-code", "2.1.330", tags=("claude",))
DOCKER = Apt("docker.io", tags=("docker",))
TOOLS = Apt("apparmor", tags=("docker",))
GH = FirstOf("gh", Apt("gh"), tags=("gh",))
STEPS: tuple[Step, ...] = (CLAUDE, DOCKER, TOOLS, GH)
NODE = Pin("node", "24.1.0", "node", "node")


def test_versions_are_those_the_machine_tells_else_those_pinned() -> None:
    answers = {
        CLAUDE.id: "2.1.331",
        "packages": "apparmor 4.1\ndocker.io 26.1.5+dfsg1-9\ngh 2.46.0-3",
    }
    pins = {"node": [(NODE, "")], "go": [(NODE, "22.0.0")]}
    found = versions(("claude", "docker", "gh", "node", "go", "git"), STEPS, pins, answers)
    told = {name: [str(one) for one in each] for name, each in found.items()}
    assert told["docker"] == ["docker.io 26.1.5+dfsg1-9"]
    assert told["gh"] == ["gh 2.46.0-3"]
    assert told["node"] == ["node 24.1.0 (pinned)"]
    assert told["go"] == ["node 22.0.0 (pinned)"]
    assert told["git"] == []
    assert Version("x", "1", is_seen=True) != Version("x", "1", is_seen=False)


def test_a_pin_is_told_only_where_the_machine_did_not() -> None:
    pin = Pin("claude", "2.1.330", "npm", "@anthropic-ai/claude-code")
    state = "2.1.331"
    seen = versions(("claude",), STEPS, {"claude": [(pin, "")]}, {CLAUDE.id: state})
    unseen = versions(("claude",), STEPS, {"claude": [(pin, "")]}, {})
    assert [str(one) for one in unseen["claude"]] == ["claude 2.1.330 (pinned)"]
    assert len(seen["claude"]) == 1


@pytest.mark.parametrize("answer", ["\x1b[2J", "-rf", "x" * 100, "docker.io", "\n\n"])
def test_a_guest_that_tells_nonsense_has_no_versions(answer: str) -> None:
    answers: dict[str, str | None] = {"packages": answer, CLAUDE.id: answer}
    assert versions(("docker",), STEPS, {}, answers) == {"docker": ()}


def test_all_packages_are_asked_for_at_once_and_nothing_where_there_are_none() -> None:
    asked = questions(STEPS)
    assert [one.about for one in asked] == [CLAUDE.id, "packages"]
    assert "apparmor docker.io gh" in asked[-1].script
    assert questions(()) == ()
