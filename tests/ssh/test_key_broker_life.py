"""The broker's own life: its start and its end, a crash, another policy, a pause, its own keys."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from agent_messages import encoded, message
from broker_fixtures import FAILURE, SIGNED, eventually, lists, policy, signs, through
from raw_agent import raw_client

from guard.keys.__main__ import WONT_BEGIN
from guard.keys.client import _KEEP_RUNNING, BrokerClient, BrokerRefused, BrokerUnreachable
from guard.keys.control import Give, Opened
from guard.keys.own_folder import NotOurFolder
from guard.keys.policy import KeyPolicy
from guard.keys.protocol import SignRequest
from guard.keys.socket_folder import left_behind, remove
from guard.public_key import PublicKey
from guard.ssh_agent import list_keys
from nopal.lock import locked


def test_everything_is_the_person_s_own(broker: BrokerClient, agent: Path) -> None:
    socket = broker.give(policy(agent))
    broker.make_key("blog", "login")
    for path in (broker.directory, *broker.directory.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a moment")
def test_a_machine_of_another_user_reaches_its_socket_and_nothing_else(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    nobody, sockets = 65534, broker.directory.with_name("s")
    broker.directory.parent.chmod(0o711)
    client = BrokerClient(broker.directory, sockets, broker.environ)
    socket = client.give(policy(agent, owner_uid=nobody))
    own = client.give(policy(agent, project="shop"))
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    os.seteuid(nobody)
    try:
        assert lists(socket) == (one,)
        assert lists(own) == ()
        for folder in (broker.directory, sockets):
            with pytest.raises(PermissionError):
                list(folder.iterdir())
    finally:
        os.seteuid(0)


def test_a_folder_that_others_may_write_to_holds_no_sockets(broker: BrokerClient) -> None:
    sockets = broker.directory.with_name("s")
    sockets.mkdir()
    broker.directory.mkdir(mode=0o700)
    sockets.chmod(0o777)
    client = BrokerClient(broker.directory, sockets, broker.environ)
    argv = [sys.executable, "-m", "guard.keys", str(broker.directory), str(client.places.sockets)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == WONT_BEGIN
    assert "can be written to by others" in done.stderr


def test_a_broker_that_wont_begin_is_not_started_again(broker: BrokerClient) -> None:
    broker.directory.mkdir(mode=0o777)
    broker.directory.chmod(0o777)
    with pytest.raises(NotOurFolder, match="can be written to by others"):
        broker.ensure_running()
    argv = ["sh", "-c", _KEEP_RUNNING + "wait", "sh", sys.executable, "-c", f"exit({WONT_BEGIN})"]
    subprocess.run(argv, check=False, timeout=60)


def test_a_folder_that_others_may_look_into_is_closed_to_them(
    broker: BrokerClient, agent: Path
) -> None:
    broker.directory.mkdir(mode=0o755)
    broker.give(policy(agent))
    assert stat.S_IMODE(broker.directory.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of another process's limits")
def test_what_is_in_its_memory_is_written_to_no_disk(broker: BrokerClient, agent: Path) -> None:
    broker.give(policy(agent))
    limits = Path("/proc", str(broker.status().pid), "limits").read_text()
    (line,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert line.split()[4:6] == ["0", "0"]


def test_a_broker_takes_its_folder_of_sockets_along(broker: BrokerClient, agent: Path) -> None:
    client = BrokerClient(broker.directory, broker.directory.with_name("s"), broker.environ)
    client.give(policy(agent))
    assert len(list(client.places.sockets.iterdir())) == 1
    client.stop()
    eventually(lambda: not client.places.sockets.exists())
    client.ensure_running()
    assert len(list(client.places.sockets.iterdir())) == 1


def test_only_what_a_killed_broker_left_is_removed(broker: BrokerClient, agent: Path) -> None:
    place = broker.directory.with_name("place")
    client = BrokerClient(broker.directory, place / "alive", broker.environ)
    place.mkdir()
    client.give(policy(agent))
    for name in ("dead", "with a file", "with a live socket"):
        (place / name).mkdir()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(place / name / "1.sock"))
            server.listen()
    (place / "with a file/note").touch()
    (place / "a link").symlink_to(place / "dead")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place / "with a live socket/2.sock"))
        server.listen()
        assert left_behind(place) == (place / "dead",)
        for folder in place.iterdir():
            remove(folder)
    assert not (place / "dead").exists()
    assert len(list(place.iterdir())) == 4
    assert lists(client.socket("blog"))


def test_two_starts_at_once_make_one_broker(broker: BrokerClient) -> None:
    threads = [threading.Thread(target=broker.ensure_running) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pids = {broker.status().pid for _ in range(5)}
    assert len(pids) == 1


def test_a_broker_that_is_killed_comes_back_with_its_projects_and_its_log(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    socket = broker.give(policy(agent))
    assert signs(socket, one) == SIGNED
    broker.pause("shop")
    before, killed = len(list(broker.log())), broker.status().pid
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: lists(socket) == (one,))
    eventually(broker.is_running)
    assert broker.status().pid != killed
    assert signs(socket, one) == SIGNED
    assert broker.verify_log() > before


def test_a_broker_that_is_stopped_stays_so_until_it_is_needed(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    socket = broker.give(policy(agent))
    broker.stop()
    assert not broker.is_running()
    assert not socket.exists()
    with pytest.raises(BrokerUnreachable):
        broker.status()
    broker.ensure_running()
    assert lists(socket) == (one,)


_HASTY = (
    "import asyncio, sys; from pathlib import Path; from guard.keys.__main__ import run;"
    "from guard.keys.places import places; here = places(Path(sys.argv[1]));"
    "[one.mkdir(parents=True) for one in (here.projects, here.own_keys, here.sockets)];"
    "asyncio.run(run(here, 0.4, 0.1))"
)


def test_a_broker_ends_when_no_machine_runs_and_none_is_worked_on(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    runs, lock = broker.directory.with_name("runs"), broker.directory.with_name("lock")
    runs.touch()
    with subprocess.Popen([sys.executable, "-c", _HASTY, str(broker.directory)]) as process:
        eventually(broker.is_running)
        wanted = policy(agent, runs=str(runs), lock=str(lock))
        broker.ask(Give(wanted), Opened)
        with locked(lock, lambda _holder: None):
            runs.unlink()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            assert lists(broker.socket("blog")) == (one,)
        assert process.wait(30) == 0
    # Its policy is still there, for the next one.
    assert broker.places.policy("blog").exists()


def test_a_broker_of_other_code_is_replaced(
    broker: BrokerClient, agent: Path, tmp_path: Path
) -> None:
    broker.give(policy(agent))
    first = broker.status().pid
    broker.ensure_running()
    assert broker.status().pid == first
    elsewhere = BrokerClient(broker.directory, tmp_path / "s", broker.environ)
    elsewhere.ensure_running()
    assert elsewhere.status().pid != first


def test_a_policy_that_was_damaged_on_disk_gives_nothing(broker: BrokerClient, agent: Path) -> None:
    socket = broker.give(policy(agent))
    broker.give(policy(agent, project="shop"))
    broker.stop()
    broker.places.policy("blog").write_text('{"project":"blog","sign":"everything"}')
    broker.ensure_running()
    assert [project.project for project in broker.status().projects] == ["shop"]
    assert not socket.exists()
    assert any("cannot be used" in entry.reason for entry in broker.log())


def test_a_pause_holds_over_a_restart_and_ends_when_it_is_told_to(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    sockets = [broker.give(policy(agent, project=name)) for name in ("blog", "shop")]
    broker.pause("blog")
    assert [signs(socket, one) for socket in sockets] == [FAILURE, SIGNED]
    assert lists(sockets[0]) == ()
    broker.pause()
    broker.stop()
    broker.ensure_running()
    assert [signs(socket, one) for socket in sockets] == [FAILURE, FAILURE]
    broker.resume()
    assert [signs(socket, one) for socket in sockets] == [SIGNED, SIGNED]
    assert "paused" in {entry.reason for entry in broker.log()}


def test_another_policy_holds_for_connections_that_are_open(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    socket = broker.give(policy(agent))
    body = encoded(SignRequest(one.blob, message(), 0))
    with raw_client(socket) as client:
        assert client.ask(body)[0] == SIGNED
        broker.give(policy(agent, sign={}))
        assert client.ask(body)[0] == FAILURE


def test_an_own_key_works_without_any_agent_and_for_its_purpose_alone(
    broker: BrokerClient, tmp_path: Path
) -> None:
    signing, deploying = broker.make_key("blog", "sign"), broker.make_key("blog", "login")
    names = (signing.fingerprint, deploying.fingerprint)
    only_own = KeyPolicy(project="blog", exposed=names, sign={"git": "allow"})
    socket = broker.give(only_own)
    assert {key.fingerprint for key in list_keys(socket)} == set(names)
    for key, status in ((signing, 0), (deploying, 255)):
        (tmp_path / "key.pub").write_text(key.line)
        words = ("ssh-keygen", "-Y", "sign", "-n", "git", "-f", tmp_path / "key.pub")
        assert through(socket, *words, text="text").returncode == status
    assert broker.make_key("blog", "sign") == signing
    again = broker.make_key("blog", "sign", anew=True)
    assert again.fingerprint != signing.fingerprint
    broker.drop_keys("blog")
    assert list_keys(socket) == ()


def test_what_would_be_decided_can_be_asked(broker: BrokerClient, agent: Path) -> None:
    broker.give(policy(agent))
    assert [one.verdict for one in broker.explain("blog", namespace="git")] == ["allow"]
    assert [one.verdict for one in broker.explain("blog", host="hub", user="git")] == ["deny"]
    with pytest.raises(BrokerRefused, match="no keys are open"):
        broker.explain("other", namespace="git")


NO_REQUESTS = {
    "nothing": b"",
    "an empty line": b"\n",
    "nonsense": b"nonsense\n",
    "a list": b"[]\n",
    "an unknown verb": b'{"do":"shell"}\n',
    "an unknown field": b'{"do":"ping","more":1}\n',
    "a path for a project": b'{"do":"take-away","project":"../x"}\n',
    "a giant": b"x" * 2_000_000,
}


@pytest.mark.parametrize("line", NO_REQUESTS.values(), ids=NO_REQUESTS.keys())
def test_a_control_request_that_is_none_does_nothing(broker: BrokerClient, line: bytes) -> None:
    broker.ensure_running()
    with (
        raw_client(broker.places.control) as client,
        suppress(BrokenPipeError, ConnectionResetError),
    ):
        client.send(line)
    assert broker.is_running()


def test_a_socket_whose_path_would_be_too_long_is_told(tmp_path: Path) -> None:
    client = BrokerClient(tmp_path / ("x" * 100))
    with pytest.raises(BrokerUnreachable, match="longer than 103 bytes"):
        client.ensure_running()
