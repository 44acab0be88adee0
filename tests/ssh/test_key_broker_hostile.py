"""A hostile machine, against the real broker's process: each trick by its name, and its answer."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest
from agent_messages import (
    Key,
    bind,
    encoded,
    encoded_bind,
    key,
    login,
    message,
    request,
    session_id,
)
from broker_fixtures import running_broker
from guard_fixtures import make_key, ssh_agent
from raw_agent import raw_client

from guard.keys.client import BrokerClient
from guard.keys.policy import KeyPolicy, Rate, Rates
from guard.keys.protocol import SessionBind, SignRequest

FAILURE, SUCCESS, IDENTITIES, SIGNED = 5, 6, 12, 14
HUB, EVIL = key("hub"), key("evil")
SID, SID_2 = session_id("b"), session_id("c")
AT_HUB = bind(HUB, SID)


@dataclass(frozen=True)
class Lab:
    """A broker with one project, and the keys that its agent holds."""

    broker: BrokerClient
    socket: Path
    user: Key
    hidden: Key
    policy: KeyPolicy

    def another(self, name: str, **changes: object) -> Path:
        """Give a project of another name; return its socket."""
        fields = {field: getattr(self.policy, field) for field in self.policy.__struct_fields__}
        return self.broker.give(KeyPolicy(**{**fields, "project": name, **changes}))

    def login(self, **changes: object) -> bytes:
        fields = {"by": self.user, **changes}
        return encoded(request(login(**fields), self.user))  # type: ignore[arg-type]

    def message(self, *args: object, **changes: object) -> bytes:
        return encoded(request(message(*args, **changes), self.user))  # type: ignore[arg-type]

    def answers(self, bodies: list[bytes]) -> list[int]:
        """Say it all on one connection; 0 stands for being hung up on."""
        with raw_client(self.socket) as client:
            return [(client.ask(body) or b"\0")[0] for body in bodies]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    place = tmp_path_factory.mktemp("keys")
    for name in ("user", "hidden"):
        make_key(place, name)
    with running_broker() as broker, ssh_agent(place / "user", place / "hidden") as agent:
        policy = KeyPolicy(
            project="blog",
            exposed=("user",),
            sign={"git": "allow"},
            login={"hub": "allow"},
            users={"hub": ("git",)},
            host_keys={"hub": (HUB.line,)},
            rates=Rates(sign=Rate(9999, 1), login=Rate(9999, 1)),
            upstream=(str(agent),),
        )
        user, hidden = (Key(asyncssh.read_private_key(place / name)) for name in ("user", "hidden"))
        yield Lab(broker, broker.give(policy), user, hidden, policy)


def by(user: Key) -> dict[str, object]:
    return {"by": user}


def two_hops(lab: Lab) -> list[bytes]:
    onward = bind(HUB, SID_2, is_forwarding=True)
    return [encoded_bind(onward), encoded_bind(AT_HUB), lab.login()]


def with_key(lab: Lab, blob: bytes, data: bytes) -> bytes:
    return encoded(SignRequest(blob, data, 0))


FORGED = SessionBind(HUB.blob, SID, EVIL.sign(SID), False)
ALLOWED = {
    "a login, bound": lambda lab: [encoded_bind(AT_HUB), lab.login()],
    "a login, host-bound": lambda lab: [lab.login(host_key=HUB.blob)],
    "a login, both": lambda lab: [encoded_bind(AT_HUB), lab.login(host_key=HUB.blob)],
    "a commit": lambda lab: [lab.message()],
    "a commit after much that was refused": lambda lab: [b"\x13", b"\xff", b"\x0d", lab.message()],
}
REFUSED = {
    "unbound": lambda lab: [lab.login()],
    "a forged bind": lambda lab: [encoded_bind(FORGED), lab.login()],
    "a bind that is healed later": lambda lab: [
        encoded_bind(FORGED),
        encoded_bind(AT_HUB),
        lab.login(),
    ],
    "another session's id": lambda lab: [encoded_bind(AT_HUB), lab.login(session=SID_2)],
    "an empty session id": lambda lab: [encoded_bind(AT_HUB), lab.login(session=b"")],
    "another host key in the blob": lambda lab: [
        encoded_bind(AT_HUB),
        lab.login(host_key=EVIL.blob),
    ],
    "a host that is not allowed": lambda lab: [encoded_bind(bind(EVIL, SID)), lab.login()],
    "a host that is not allowed, host-bound": lambda lab: [lab.login(host_key=EVIL.blob)],
    "a bind after one for a login": lambda lab: [
        encoded_bind(AT_HUB),
        encoded_bind(bind(HUB, SID_2)),
        lab.login(),
    ],
    "two hops": two_hops,
    "one session id under two keys": lambda lab: [
        encoded_bind(bind(EVIL, SID, is_forwarding=True)),
        encoded_bind(AT_HUB),
        lab.login(),
    ],
    "a wrong user": lambda lab: [encoded_bind(AT_HUB), lab.login(user="root")],
    "no user": lambda lab: [encoded_bind(AT_HUB), lab.login(user="")],
    "a hidden key": lambda lab: [
        encoded_bind(AT_HUB),
        encoded(request(login(by=lab.hidden), lab.hidden)),
    ],
    "a hidden key for a commit": lambda lab: [with_key(lab, lab.hidden.blob, message())],
    "a key that nobody has": lambda lab: [with_key(lab, EVIL.blob, message())],
    "an empty key": lambda lab: [with_key(lab, b"", message())],
    "a key mismatch": lambda lab: [
        encoded_bind(AT_HUB),
        with_key(lab, lab.user.blob, login(by=lab.hidden)),
    ],
    "another service": lambda lab: [encoded_bind(AT_HUB), lab.login(service="ssh-userauth")],
    "another method": lambda lab: [encoded_bind(AT_HUB), lab.login(method="hostbased")],
    "another message": lambda lab: [encoded_bind(AT_HUB), lab.login(number=51)],
    "no signature's flag": lambda lab: [encoded_bind(AT_HUB), lab.login(has_signature=False)],
    "the flags of RSA": lambda lab: [
        encoded_bind(AT_HUB),
        encoded(request(login(by=lab.user), lab.user, flags=4)),
    ],
    "the namespace `file`": lambda lab: [lab.message("file")],
    "the namespace `git\\0x`": lambda lab: [lab.message("git\0x")],
    "an empty namespace": lambda lab: [lab.message("")],
    "a short hash": lambda lab: [lab.message(digest=bytes(63))],
    "SHA-1": lambda lab: [lab.message(hash_name="sha1", digest=bytes(20))],
    "a reserved field": lambda lab: [lab.message(reserved=b"x")],
    "random bytes": lambda lab: [with_key(lab, lab.user.blob, session_id("x"))],
    "nothing to sign": lambda lab: [with_key(lab, lab.user.blob, b"")],
    "a certificate to sign": lambda lab: [
        with_key(lab, lab.user.blob, b"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com" + bytes(99))
    ],
    "bytes after a request": lambda lab: [lab.message() + b"\0"],
    "a request that is cut short": lambda lab: [lab.message()[:-1]],
    "a request of one byte": lambda lab: [b"\x0d"],
    "a length within that is too long": lambda lab: [b"\x0d\xff\xff\xff\xff" + bytes(40)],
    "a bind that is cut short": lambda lab: [encoded_bind(AT_HUB)[:-1]],
    "a list with a body": lambda lab: [b"\x0b\0"],
    "an unknown extension": lambda lab: [b"\x1b\0\0\0\5query"],
    "the answer to a request": lambda lab: [b"\x0e\0\0\0\0"],
    **{
        f"management: message {number}": lambda lab, number=number: [bytes([number]) + bytes(64)]
        for number in (1, 3, 7, 8, 9, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26)
    },
}


@pytest.mark.parametrize("make", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_is_allowed_is_signed(lab: Lab, make: object) -> None:
    assert callable(make)
    assert lab.answers(make(lab))[-1] == SIGNED


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_a_trick_is_answered_with_a_refusal_on_an_open_line(lab: Lab, make: object) -> None:
    assert callable(make)
    bodies = make(lab)
    answers = lab.answers([*bodies, b"\x0b"])
    assert answers[len(bodies) - 1] == FAILURE
    assert answers[-1] == IDENTITIES
    assert SIGNED not in answers


def test_asyncssh_finds_the_signature_good(lab: Lab) -> None:
    data = message()
    with raw_client(lab.socket) as client:
        answer = client.ask(encoded(request(data, lab.user)))
    assert lab.user.pair.convert_to_public().verify(data, answer[5:])


@pytest.mark.parametrize("length", [0, 256 * 1024 + 1, 2**30, 2**32 - 1])
def test_a_length_that_is_none_ends_the_connection(lab: Lab, length: int) -> None:
    with raw_client(lab.socket) as client:
        client.send(length.to_bytes(4, "big") + b"\x0b")
        assert client.read() == b""


def test_the_longest_message_is_read_and_refused(lab: Lab) -> None:
    assert lab.answers([b"\x0d" + bytes(256 * 1024 - 1), lab.message()]) == [FAILURE, SIGNED]


def test_a_thousand_connections_keep_nobody_else_out(lab: Lab) -> None:
    other = lab.another("shop")
    with ExitStack() as stack:
        for _ in range(1000):
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            one.connect(str(lab.socket))
            one.sendall(b"\0\0")  # and a slow beginning
        # Another machine is served, and a new connection of this one too.
        for path in (other, lab.socket):
            with raw_client(path) as client:
                assert client.ask(lab.message())[0] == SIGNED
        status = {one.project: one for one in lab.broker.status().projects}
        assert status["blog"].connections <= 64
    lab.broker.take_away("shop")


def test_a_machine_that_never_stops_asking_leaves_others_their_turn(lab: Lab) -> None:
    other = lab.another("shop")
    is_over = threading.Event()

    def flood() -> None:
        with raw_client(lab.socket) as client, suppress(TimeoutError):
            while not is_over.is_set():
                client.ask(b"\x13")

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        with raw_client(other) as client:
            assert client.ask(lab.message())[0] == SIGNED
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    lab.broker.take_away("shop")


def test_another_user_of_this_host_is_turned_away(lab: Lab) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be another user for a moment")
    path = lab.another("private")
    for folder in (path.parent, lab.broker.directory, lab.broker.directory.parent):
        folder.chmod(0o711)
    path.chmod(0o666)  # were it not for this, the system would turn them away
    os.seteuid(65534)
    try:
        with raw_client(path) as client:
            assert client.ask(b"\x0b") == b""
    finally:
        os.seteuid(0)
    (line,) = (entry for entry in lab.broker.log() if entry.project == "private")
    assert "may not connect" in line.reason
    assert line.peer.startswith("65534:")
    lab.broker.take_away("private")


def test_every_signature_has_its_line_and_the_log_is_whole(lab: Lab) -> None:
    before = sum(entry.verdict == "signed" for entry in lab.broker.log())
    lab.answers([lab.message(digest=b"\xab" * 64), lab.message("file")])
    entries = list(lab.broker.log())
    signed = [entry for entry in entries if entry.verdict == "signed"]
    assert len(signed) == before + 1
    assert signed[-1].digest == "sha512:" + "ab" * 64
    assert (signed[-1].project, signed[-1].kind, signed[-1].target) == ("blog", "sign", "git")
    assert lab.broker.verify_log() == len(entries)


def test_a_rate_that_is_used_up_refuses_the_rest(lab: Lab) -> None:
    path = lab.another("few", rates=Rates(sign=Rate(2, 600)))
    with raw_client(path) as client:
        assert [client.ask(lab.message())[0] for _ in range(4)] == [14, 14, 5, 5]
    lab.broker.take_away("few")


def test_a_bind_of_each_kind_of_host_key_is_taken(lab: Lab) -> None:
    for kind in ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521", "ssh-rsa"):
        assert lab.answers([encoded_bind(bind(key("host", kind), SID))]) == [SUCCESS]
        damaged = replace(bind(key("host", kind), SID), session_id=SID_2)
        assert lab.answers([encoded_bind(damaged)]) == [FAILURE]
