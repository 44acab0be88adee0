"""The agents behind the broker: gone and back, one of several, deaf, or mad."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_messages import bind, encoded, encoded_bind, key, message
from broker_fixtures import FAILURE, SIGNED, lists, policy, signs
from guard_fixtures import make_key, ssh_agent
from raw_agent import misbehaving_agent, raw_client

from guard.keys.client import BrokerClient
from guard.keys.protocol import SignRequest, identities_answer
from guard.keys.upstream import AgentConnection, UpstreamFailed
from guard.public_key import PublicKey
from guard.ssh_agent import AgentUnreachable, list_keys
from guard.wire import string

_LISTENS = """\
import os, socket, sys
os.setuid(65533)
with socket.socket(socket.AF_UNIX) as server:
    server.bind(sys.argv[1])
    os.chmod(sys.argv[1], 0o777)
    server.listen()
    print("listens", flush=True)
    print(*(repr(server.accept()[0].recv(100)) for _ in range(2)), sep="")
"""


def test_an_agent_that_died_is_found_again_when_it_is_back(
    broker: BrokerClient, tmp_path: Path, one: PublicKey
) -> None:
    with ssh_agent(tmp_path / "one") as agent:
        moved = broker.directory.parent / "moved.sock"
        moved.symlink_to(agent)
        socket = broker.give(policy(moved))
        with raw_client(socket) as client:
            body = encoded(SignRequest(one.blob, message(), 0))
            assert client.ask(body)[0] == SIGNED
            moved.unlink()
            # The connection that is open goes on; a new one has no agent.
            assert client.ask(body)[0] == SIGNED
            assert signs(socket, one) == FAILURE
            assert "no such file" in broker.status().projects[0].fault
            moved.symlink_to(agent)
            assert signs(socket, one) == SIGNED


def test_the_agent_that_holds_the_key_is_used_though_another_is_preferred(
    broker: BrokerClient, agent: Path, tmp_path: Path, one: PublicKey
) -> None:
    make_key(tmp_path, "two")
    with ssh_agent(tmp_path / "two") as other:
        paths = (str(tmp_path / "absent"), str(other), str(agent))
        assert lists(broker.give(policy(agent, upstream=paths))) == (one,)


NONSENSE = {
    "hangs up": lambda _: None,
    "an empty answer": lambda _: string(b""),
    "a giant answer": lambda _: b"\xff\xff\xff\xff",
    "half an answer": lambda _: b"\0\0\1\0\x0c" + bytes(3),
    "another answer": lambda _: string(b"\x06"),
    "a list that is cut short": lambda _: string(b"\x0c\0\0\0\5"),
    "a list with too much": lambda _: string(identities_answer([]) + b"\0"),
    "too many keys": lambda _: string(b"\x0c\xff\xff\xff\xff"),
    "a refusal": lambda _: string(b"\x05"),
    "random bytes": lambda _: b"\x13\x37" * 40,
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
def test_an_agent_that_answers_nonsense_signs_nothing_and_hurts_nobody(
    broker: BrokerClient, agent: Path, one: PublicKey, answer: Callable[[bytes], bytes | None]
) -> None:
    mad = broker.directory.parent / "mad.sock"
    with misbehaving_agent(mad, answer):
        socket = broker.give(policy(mad, project="shop"))
        with raw_client(socket) as client:
            assert client.ask(b"\x0b") == b"\x05"
            assert client.ask(encoded(SignRequest(one.blob, message(), 0))) == b"\x05"
        assert lists(broker.give(policy(agent))) == (one,)


SIGN_NONSENSE = {
    "hangs up": None,
    "success": string(b"\x06"),
    "no signature": string(b"\x0e"),
    "an empty signature": string(b"\x0e\0\0\0\0"),
    "a list": string(identities_answer([])),
    "a refusal": string(b"\x05"),
}


@pytest.mark.parametrize("answer", SIGN_NONSENSE.values(), ids=SIGN_NONSENSE.keys())
def test_an_agent_that_signs_nonsense_is_refused_and_noted(
    broker: BrokerClient, one: PublicKey, answer: bytes | None
) -> None:
    mad = broker.directory.parent / "mad.sock"
    listed = string(identities_answer([(one.blob, b"one")]))
    with misbehaving_agent(mad, lambda body: listed if body == b"\x0b" else answer):
        assert signs(broker.give(policy(mad)), one) == FAILURE
    assert [entry.verdict for entry in broker.log()][-1] == "failed"


def test_an_agent_that_never_answers_keeps_no_other_machine_waiting(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    deaf = broker.directory.parent / "deaf.sock"
    with misbehaving_agent(deaf, lambda _: b""):
        hanging = broker.give(policy(deaf, project="shop"))
        socket = broker.give(policy(agent))
        with raw_client(hanging) as client:
            client.send(string(b"\x0b"))
            assert signs(socket, one) == SIGNED
            assert client.read() == b"\x05"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be other users for a moment")
def test_an_agent_that_another_user_has_put_there_is_asked_nothing() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        path = Path(place, "agent.sock")
        argv = [sys.executable, "-c", _LISTENS, str(path)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "listens\n"
            os.seteuid(65534)
            try:
                with pytest.raises(UpstreamFailed, match="another user listens there"):
                    asyncio.run(AgentConnection([str(path)]).keys())
                with pytest.raises(AgentUnreachable, match="another user listens there"):
                    list_keys(path)
            finally:
                os.seteuid(0)
            assert process.communicate(timeout=20)[0] == "b''b''\n"


def test_an_agent_that_hangs_up_on_a_bind_is_asked_without(
    broker: BrokerClient, one: PublicKey
) -> None:
    shy = broker.directory.parent / "shy.sock"
    listed = string(identities_answer([(one.blob, b"one")]))
    host = key("hub")
    allowed = policy(shy, login={"hub": "allow"}, host_keys={"hub": (host.line,)})
    with (
        misbehaving_agent(shy, lambda body: listed if body == b"\x0b" else None),
        raw_client(broker.give(allowed)) as client,
    ):
        assert client.ask(encoded_bind(bind(host))) == b"\x06"
        assert client.ask(b"\x0b") == identities_answer([(one.blob, b"one")])
