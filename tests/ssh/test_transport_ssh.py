"""Both ways over SSH, against a real sshd."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sshd import Agent, Sshd, live_master, make_key

from provision.errors import GuestUnreachable, HostKeyChanged, HostKeyUnknown
from provision.transport import Transport
from provision.transport.dial import connect_fabric
from provision.transport.fabric import FabricTransport
from provision.transport.known_hosts import pinned
from provision.transport.openssh import OpenSshTransport, is_master_alive
from provision.transport.wire import ARGUMENT_LIMIT

LIST_AGENT = 'ssh-add -l 2>&1 || true; echo "end"'


def fabric(server: Sshd, agent: Path | None = None) -> FabricTransport:
    return connect_fabric(server.address(), agent_socket=agent, accept_new=True)


def openssh(server: Sshd, agent: Path | None = None) -> OpenSshTransport:
    return OpenSshTransport(server.address(), agent_socket=agent, accept_new=True)


Make = Callable[..., Transport]


@pytest.fixture(params=[fabric, openssh], ids=["fabric", "openssh"])
def make(request: pytest.FixtureRequest) -> Make:
    chosen: Make = request.param
    return chosen


@contextmanager
def opened(transport: Transport) -> Iterator[Callable[..., list[str]]]:
    """Give a function that runs a script and returns its lines and, last, its status."""

    def run(script: str, *, forward_agent: bool = False) -> list[str]:
        lines: list[str] = []
        status = transport.run(script, lines.append, forward_agent=forward_agent)
        return [*lines, str(status)]

    try:
        yield run
    finally:
        transport.close()


def test_lines_and_the_status_come_back(sshd: Sshd, make: Make) -> None:
    with opened(make(sshd)) as run:
        assert run("echo one; echo two >&2; printf three; exit 7") == ["one", "two", "three", "7"]


def test_quotes_backslashes_and_newlines_of_a_script_survive(sshd: Sshd, make: Make) -> None:
    with opened(make(sshd)) as run:
        assert run("""printf '%s\\n' "it's" 'a\\b' "$(printf 'x\\ny')\"""") == [
            "it's",
            "a\\b",
            "x",
            "y",
            "0",
        ]


def test_bytes_that_are_no_text_are_shown(sshd: Sshd, make: Make) -> None:
    with opened(make(sshd)) as run:
        assert run("printf 'a\\377b\\n'") == ["a\\xffb", "0"]


def test_a_script_larger_than_an_argument_goes_on_stdin(sshd: Sshd, make: Make) -> None:
    with opened(make(sshd)) as run:
        big = "x" * (3 * ARGUMENT_LIMIT)
        assert run(f": {big}\ncat\necho end") == ["end", "0"]


@pytest.mark.parametrize("size", [1, 3 * ARGUMENT_LIMIT], ids=["small", "large"])
def test_a_secret_is_a_line_on_stdin(sshd: Sshd, make: Make, size: int) -> None:
    script = f': {"x" * size}\nIFS= read -r given; echo "[$given]"; cat; echo end'
    transport = make(sshd)
    lines: list[str] = []
    transport.run(script, lines.append, secret="pass $word")
    transport.close()
    assert lines == ["[pass $word]", "end"]


def test_sixteen_megabytes_of_output_arrive(sshd: Sshd, make: Make) -> None:
    with opened(make(sshd)) as run:
        lines = run("head -c 16000000 /dev/zero | tr '\\0' 'a' | fold -w 80")
    assert len(lines) == 200_001


def test_the_agent_is_there_only_for_the_script_that_asks(
    sshd: Sshd, make: Make, ssh_agent: Agent
) -> None:
    with opened(make(sshd, ssh_agent.socket)) as run:
        before = run(LIST_AGENT)
        during = run(LIST_AGENT, forward_agent=True)
        after = run(LIST_AGENT)
    assert ssh_agent.fingerprint in during[0]
    assert ssh_agent.fingerprint not in " ".join(before + after)


def test_a_left_over_agent_socket_of_the_guest_is_dead_afterwards(
    sshd: Sshd, ssh_agent: Agent
) -> None:
    with opened(fabric(sshd, ssh_agent.socket)) as run:
        path = run('echo "$SSH_AUTH_SOCK"', forward_agent=True)[0]
        assert path.startswith("/tmp/")
        assert ssh_agent.fingerprint not in " ".join(run(f"SSH_AUTH_SOCK={path} {LIST_AGENT}"))


def test_the_agent_of_the_environment_is_never_used(
    sshd: Sshd, make: Make, ssh_agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(ssh_agent.socket))
    with opened(make(sshd)) as run:
        assert ssh_agent.fingerprint not in " ".join(run(LIST_AGENT, forward_agent=True))


def test_a_new_host_key_is_pinned_under_the_alias(sshd: Sshd, make: Make) -> None:
    with opened(make(sshd)) as run:
        run("true")
    (key,) = pinned(sshd.known_hosts, "nopal-test")
    assert base64.b64encode(key.blob).decode() in (sshd.place / "host_key.pub").read_text()


def test_the_file_of_pins_is_the_users_own(sshd: Sshd) -> None:
    fabric(sshd).close()
    assert sshd.known_hosts.stat().st_mode & 0o777 == 0o600


def test_a_changed_host_key_is_refused_with_both_fingerprints(sshd: Sshd, make: Make) -> None:
    make_key(sshd.place / "other")
    other = (sshd.place / "other.pub").read_text().split()
    sshd.known_hosts.write_text(f"nopal-test {other[0]} {other[1]}\n")
    with pytest.raises(HostKeyChanged) as caught:
        make(sshd).run("true", lambda _: None)
    assert caught.value.expected == pinned(sshd.known_hosts, "nopal-test")[0].fingerprint
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(sshd.place / "host_key.pub")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert caught.value.found in shown
    assert "ssh-keygen -R nopal-test" in str(caught.value)
    assert sshd.connections == 0


def test_an_unknown_host_key_is_refused_unless_new_ones_are_accepted(sshd: Sshd) -> None:
    with pytest.raises(HostKeyUnknown):
        connect_fabric(sshd.address())
    assert not sshd.known_hosts.exists()


def test_without_a_file_any_key_will_do_and_nothing_is_written(sshd: Sshd) -> None:
    with connect_fabric(sshd.address(known_hosts=None)) as transport:
        assert transport.run("true", lambda _: None) == 0
    assert not sshd.known_hosts.exists()


def test_a_refused_login_is_told_with_its_address(sshd: Sshd, make: Make) -> None:
    (sshd.place / "authorized_keys").write_text("")
    with pytest.raises(GuestUnreachable) as caught:
        make(sshd).run("true", lambda _: None)
    assert str(sshd.port) in caught.value.address


def test_a_port_where_nothing_listens_is_told(sshd: Sshd, make: Make) -> None:
    sshd.stop()
    with pytest.raises(GuestUnreachable):
        make(sshd).run("true", lambda _: None)


def test_a_server_that_speaks_no_ssh_is_told_in_one_line() -> None:
    code = (
        "import socket, sys, threading\n"
        "from provision import ConvergeError, SshAddress, connect_fabric\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "threading.Thread(target=lambda: server.accept()[0].close(), daemon=True).start()\n"
        "try: connect_fabric(SshAddress('127.0.0.1', server.getsockname()[1], 'dev'))\n"
        "except ConvergeError as error: print(error)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Cannot reach dev@127.0.0.1:")
    assert shown.stderr == ""


def test_a_connection_that_breaks_is_told_from_a_script_that_fails(sshd: Sshd, make: Make) -> None:
    def cut(line: str) -> None:
        sshd.cut_connections()

    with pytest.raises(GuestUnreachable):
        make(sshd).run("echo now; sleep 60", cut)


def test_all_scripts_share_one_login_of_fabric_until_a_new_one_is_asked_for(sshd: Sshd) -> None:
    transport = fabric(sshd)
    with opened(transport) as run:
        run("true")
        run("true")
        assert (sshd.connections, sshd.execs) == (1, 2)
        transport.reconnect()
        run("true")
        assert sshd.connections == 2


def test_a_user_gets_a_fabric_connection_with_the_agent(sshd: Sshd, ssh_agent: Agent) -> None:
    with fabric(sshd, ssh_agent.socket) as transport:
        result = transport.connection.run("ssh-add -l", hide=True, in_stream=False)
        assert ssh_agent.fingerprint in result.stdout
        assert sshd.connections == 1


def test_an_agent_serves_many_clients_at_once_and_signs(sshd: Sshd, ssh_agent: Agent) -> None:
    with opened(fabric(sshd, ssh_agent.socket)) as run:
        many = "for n in 1 2 3 4 5 6; do ssh-add -l & done; wait"
        assert " ".join(run(many, forward_agent=True)).count(ssh_agent.fingerprint) == 6
        public = ssh_agent.socket.with_name("agent_key.pub")
        sign = f"echo text | ssh-keygen -Y sign -n git -f {public} 2>/dev/null"
        assert run(sign, forward_agent=True)[0] == "-----BEGIN SSH SIGNATURE-----"


def test_openssh_uses_a_live_master_and_leaves_it_alone_after_a_reconnect(
    sshd: Sshd, ssh_agent: Agent
) -> None:
    control_path = ssh_agent.socket.with_name("m")
    assert not is_master_alive(control_path)
    with live_master(sshd, control_path):
        assert is_master_alive(control_path)
        transport = OpenSshTransport(
            sshd.address(control_path=control_path), ssh_agent.socket, accept_new=True
        )
        with opened(transport) as run:
            assert run("echo one") == ["one", "0"]
            assert sshd.connections == 1
            assert ssh_agent.fingerprint in run(LIST_AGENT, forward_agent=True)[0]
            assert sshd.connections == 2
            transport.reconnect()
            run("true")
            assert sshd.connections == 3
            assert is_master_alive(control_path)
