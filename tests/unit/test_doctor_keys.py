"""What doctor finds out of a machine's keys, from answers of the guest and of agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import GuardError
from guard.keys.exposed import AgentKey
from guard.keys.policy import KeyPolicy
from guard.public_key import PublicKey, parse_public_key
from guard.ssh_agent import AgentUnreachable
from nopal.doctor.finding import Finding
from nopal.doctor.keys import (
    agents_check,
    client_check,
    given_check,
    held_check,
    hosts_check,
    keys_held,
    log_check,
    seen_check,
)
from nopal.doctor.visit import Told, Visit
from nopal.key_look import forwarded_agents

ONE = parse_public_key(
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA one"
)
TWO = parse_public_key(
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB two"
)
AGENTS = {Path("/work"): (ONE,), Path("/other"): (TWO,), Path("/empty"): ()}
SOCKET = "/run/user/1000/nopal-agent.sock"


def visit(**answers: str | None) -> Visit:
    told = {name.replace("_", " "): answer for name, answer in answers.items()}
    return Visit(lambda: Told(told, 0, 0))


def policy(*upstream: str, **fields: object) -> KeyPolicy:
    values: dict[str, object] = {"project": "blog", "exposed": ("one",), "upstream": upstream}
    return KeyPolicy(**(values | fields))  # type: ignore[arg-type]


def keys_of(path: Path) -> tuple[PublicKey, ...]:
    if path not in AGENTS:
        raise AgentUnreachable(path, "connection refused")
    return AGENTS[path]


def agent_key(key: PublicKey) -> AgentKey:
    return AgentKey(key.blob, key.comment.encode())


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0", True),
        ("OpenSSH_8.9p1 Ubuntu-3", True),
        ("OpenSSH_10.0p2", True),
        ("OpenSSH_8.8p1", False),
        ("OpenSSH_7.9p1", False),
        ("sh: ssh: not found", False),
        ("", False),
        (None, False),
    ],
)
def test_a_client_that_cannot_say_where_it_logs_in_is_a_fault(answer: str | None, ok: bool) -> None:
    found = client_check(visit(ssh_client=answer), "blog").look()
    assert (found.ok, bool(found.fix)) == (ok, not ok)


def held(*upstream: str, own: tuple[AgentKey, ...] = (), name: str = "one") -> list[str]:
    found = keys_held(policy(*upstream, exposed=(name,)), own, keys_of)
    return [key.comment.decode() for key in found]


def test_of_several_agents_the_one_counts_that_has_a_key_it_may_use() -> None:
    assert held("/work", "/other") == ["one"]
    assert held("/gone", "/other", "/work") == ["one"]
    assert held("/other", "/empty") == ["two"]
    assert held("/empty", "/other", name="none") == []


def test_a_key_of_the_projects_own_needs_no_agent() -> None:
    own = (AgentKey(TWO.blob, b"nopal-blog-sign", "sign"),)
    assert held("/gone", own=own) == ["nopal-blog-sign"]
    with pytest.raises(AgentUnreachable):
        held("/gone")


def here(names: tuple[str, ...]) -> Finding:
    return held_check("blog", policy(exposed=names), lambda: (agent_key(ONE),)).look()


def test_a_key_that_no_agent_here_has_is_named() -> None:
    assert here(("one",)).says == f"{ONE.fingerprint} (one)"
    lost = here(("one", "gone@laptop", ONE.fingerprint))
    assert lost.says == "no agent of this computer holds gone@laptop"
    assert lost.fix == "ssh-add, then: inv up -p blog"
    assert held_check("blog", None, tuple).look().says == "it may use none now"


def seen(answer: str | None, *, variable: str = SOCKET, may_use_one: bool = True) -> Finding:
    told = visit(keys_seen=answer, agent_variable=variable)
    keys = (agent_key(ONE), agent_key(TWO)) if may_use_one else ()
    return seen_check(told, "blog", policy() if may_use_one else None, lambda: keys).look()


LINE = f"256 {ONE.fingerprint} one (ED25519)\n"
MORE = f"256 {TWO.fingerprint} two (ED25519)\n"


def test_a_machine_that_sees_just_what_it_may_is_well() -> None:
    assert seen(f"{LINE}status 0").ok


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (f"{LINE}{MORE}status 0", f"it sees more than it may: {TWO.fingerprint}"),
        ("The agent has no identities.\nstatus 1", f"it does not see {ONE.fingerprint}"),
        ("Error connecting to agent: No such file\nstatus 2", f"nothing answers at {SOCKET} in it"),
        ("\x1b[2J", f"nothing answers at {SOCKET} in it"),
        (None, f"nothing answers at {SOCKET} in it"),
    ],
)
def test_what_a_machine_sees_too_much_or_too_little_is_named(answer: str | None, says: str) -> None:
    found = seen(answer)
    assert (found.ok, found.says, found.fix) == (False, says, "inv up -p blog")


def test_shells_that_go_by_another_agent_are_a_fault() -> None:
    found = seen(f"{LINE}status 0", variable="/tmp/ssh-x/agent.1\x1b")
    assert (found.ok, found.says) == (False, f"SSH_AUTH_SOCK is not {SOCKET} in its shells")


def test_a_machine_without_keys_sees_none() -> None:
    assert seen("Error connecting\nstatus 2", variable="", may_use_one=False).ok
    assert not seen(f"{LINE}status 0", may_use_one=False).ok


def test_a_server_whose_key_is_not_known_here_is_named_with_what_to_type() -> None:
    logins = {"hub": "allow", "[git.example.org]:2222": "ask", "closed": "deny"}
    known = {"hub": (ONE.line,)}
    found = hosts_check("blog", policy(login=logins, host_keys=known)).look()
    assert not found.ok
    assert "closed" not in found.says
    assert found.fix.startswith("ssh -p 2222 git.example.org ")
    assert hosts_check("blog", policy(login={"hub": "ask"}, host_keys=known)).look().ok
    assert hosts_check("blog", None).look().ok


OURS = f'u_str LISTEN 0 128 {SOCKET} 4 * 0 users:(("sshd",pid=1,fd=2))'
FORWARDED = 'u_str LISTEN 0 128 /tmp/ssh-AbC/agent.77 4 * 0 users:(("sshd-session",pid=1,fd=2))'


def test_an_agent_that_a_login_brought_along_is_found() -> None:
    def look(answer: str, *, wider: bool = False) -> Finding:
        return agents_check(visit(ssh_sockets=answer), "blog", lambda: wider, "end it").look()

    assert look(OURS).ok
    assert "/tmp/ssh-AbC/agent.77" in look(f"{OURS}\n{FORWARDED}").says
    assert look(OURS, wider=True).fix == "end it"


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/home/dev/.ssh/agent/s.AbC.sshd.dEf", True),
        ("/tmp/ssh-AbC/agent.77", True),
        ("/run/user/1000/vscode-ipc.sock", False),
        (SOCKET, False),
    ],
)
def test_where_agents_are_forwarded_to_is_known(path: str, is_one: bool) -> None:
    assert bool(forwarded_agents({"ssh sockets": f"u_str LISTEN 0 1 {path} 1 * 0 x"})) == is_one


def test_keys_of_machines_that_do_not_run_can_be_taken_away() -> None:
    idle = {"blog", "shop"}
    check = given_check(lambda: idle, idle.discard)
    found = check.look()
    assert found.says == "blog, shop may use keys and do not run"
    assert found.mend is not None
    found.mend()
    assert check.look().ok


def test_a_log_that_was_changed_is_what_the_check_found() -> None:
    def verify() -> int:
        raise GuardError

    assert log_check(lambda: 7).look().says == "7 lines, none changed"
    with pytest.raises(GuardError):
        log_check(verify).look()
