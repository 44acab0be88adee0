"""Listing the keys of real agents, and of sockets that only look like one."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from guard_fixtures import make_key, ssh_agent

from guard.ssh_agent import AgentSocket, AgentUnreachable, NoAgent, choose_agent, list_keys


@pytest.fixture
def short_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ng-"))
    yield folder
    shutil.rmtree(folder)


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """A socket that takes one connection, says `answer` and keeps the line open."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        kept: list[socket.socket] = []

        def serve() -> None:
            connection, _ = server.accept()
            kept.append(connection)
            connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join()
            for connection in kept:
                connection.close()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_an_agent_shows_its_keys_as_ssh_keygen_wrote_them(tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path, "id", kind, comment="Ada Lovelace <ada@example.org>")
    with ssh_agent(tmp_path / "id") as path:
        assert list_keys(path) == (key,)


def test_an_agent_without_keys_lists_none() -> None:
    with ssh_agent() as path:
        assert list_keys(path) == ()


def test_a_socket_whose_agent_is_gone_is_unreachable(short_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short_folder / "a"))
    with pytest.raises(AgentUnreachable, match="connection refused"):
        list_keys(short_folder / "a")


def test_an_agent_that_never_answers_is_given_up(short_folder: Path) -> None:
    with answering(short_folder / "a", b""), pytest.raises(AgentUnreachable, match="no answer"):
        list_keys(short_folder / "a", timeout_s=0.2)


@pytest.mark.parametrize(
    "answer",
    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1\x05", b"\0\0\0\5\x0c\xff\xff\xff\xff"],
    ids=["too long", "empty", "refused", "too many keys"],
)
def test_an_answer_that_is_no_list_of_keys_is_refused(short_folder: Path, answer: bytes) -> None:
    with answering(short_folder / "a", answer), pytest.raises(AgentUnreachable):
        list_keys(short_folder / "a")


def test_a_path_that_is_no_socket_or_too_long_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "absent", tmp_path / ("x" * 200)):
        with pytest.raises(AgentUnreachable):
            list_keys(path)


def test_a_dead_socket_of_1password_does_not_hide_the_agent_in_use(
    tmp_path: Path, short_folder: Path
) -> None:
    key = make_key(tmp_path, "id")
    (short_folder / ".1password").mkdir()
    dead = short_folder / ".1password/agent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(dead))
    with ssh_agent(tmp_path / "id") as path:
        chosen = choose_agent({"SSH_AUTH_SOCK": str(path)}, short_folder)
    assert chosen == AgentSocket(path, "SSH_AUTH_SOCK", (key,), others=(dead,))


def test_an_empty_agent_of_1password_does_not_hide_the_one_with_keys(
    tmp_path: Path, short_folder: Path
) -> None:
    make_key(tmp_path, "id")
    (short_folder / ".1password").mkdir()
    with ssh_agent() as empty, ssh_agent(tmp_path / "id") as path:
        (short_folder / ".1password/agent.sock").symlink_to(empty)
        chosen = choose_agent({"SSH_AUTH_SOCK": str(path)}, short_folder)
    assert isinstance(chosen, AgentSocket)
    assert chosen.path == path


def test_a_chosen_agent_is_the_only_one_asked(tmp_path: Path) -> None:
    make_key(tmp_path, "id")
    with ssh_agent(tmp_path / "id") as path:
        environ = {"SSH_AUTH_SOCK": str(path), "OTHER": str(path)}
        assert isinstance(choose_agent(environ, tmp_path, choice="env:OTHER"), AgentSocket)
        assert isinstance(choose_agent(environ, tmp_path, choice="1password"), NoAgent)
        assert isinstance(choose_agent(environ, tmp_path, choice="~/absent.sock"), NoAgent)
