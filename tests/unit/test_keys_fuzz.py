"""A machine that says anything at all: it is answered, and gets no signature but the allowed ones.

Each property goes through a whole connection, whose agent signs whatever it is asked.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from agent_messages import (
    bind,
    encoded,
    encoded_bind,
    key,
    login,
    message,
    request,
    session_id,
)
from hypothesis import given
from hypothesis import strategies as st

from guard.keys.exposed import AgentKey
from guard.keys.machine_connection import Handled, MachineConnection
from guard.keys.policy import KeyPolicy
from guard.keys.protocol import SessionBind, SignRequest, parse_request
from guard.keys.session import Session
from guard.wire import MalformedMessage

HUB, OTHER, USER = key("hub"), key("other"), key("user")
SID, SID_2 = session_id("b"), session_id("c", 64)
POLICY = KeyPolicy(
    project="blog",
    exposed=("work@laptop",),
    sign={"git": "allow"},
    login={"hub": "allow"},
    users={"hub": ("git",)},
    host_keys={"hub": (HUB.line,)},
)
GOOD = {
    encoded(request(data)) for data in (login(SID), login(SID, host_key=HUB.blob), message("git"))
}
MESSAGES = sorted(
    {
        *GOOD,
        b"\x0b",
        encoded_bind(bind(HUB, SID)),
        encoded_bind(bind(HUB, SID_2, is_forwarding=True)),
        encoded_bind(bind(OTHER, SID)),
        encoded(request(login(SID_2))),
        encoded(request(login(SID, "root"))),
        encoded(request(login(SID, host_key=OTHER.blob))),
        encoded(request(message("file"))),
        encoded(request(message("git", hash_name="sha256", digest=bytes(32)))),
        encoded(request(login(SID, by=OTHER), OTHER)),
    }
)


@dataclass
class WillingAgent:
    """Holds two keys, and signs all it is asked to."""

    asked: list[SignRequest] = field(default_factory=list)

    async def keys(self) -> tuple[AgentKey, ...]:
        return (USER.agent_key, AgentKey(OTHER.blob, b"hidden"))

    async def sign(self, request: SignRequest) -> bytes | None:
        self.asked.append(request)
        return b"signature"

    async def bind(self, bind: SessionBind) -> None:
        pass

    async def close(self) -> None:
        pass


@dataclass
class Machine:
    """A connection, and all that it had signed."""

    agent: WillingAgent = field(default_factory=WillingAgent)
    log: list[Handled] = field(default_factory=list)

    def say(self, bodies: Sequence[bytes]) -> list[bytes]:
        """Send messages on one connection; return the answers."""
        return self.say_apart([bodies])[0]

    def say_apart(self, connections: Iterable[Sequence[bytes]]) -> list[list[bytes]]:
        """Send messages on several connections, one after the other."""

        async def permit(*_: object) -> str:
            return ""

        async def pace() -> None:
            return None

        def record(handled: Handled) -> bool:
            self.log.append(handled)
            return True

        async def serve(bodies: Sequence[bytes]) -> list[bytes]:
            connection = MachineConnection(
                policy=lambda: POLICY,
                closed=str,
                upstream=self.agent,
                permit=permit,
                record=record,
                pace=pace,
            )
            return [await connection.answer(body) for body in bodies]

        async def run() -> list[list[bytes]]:
            return [await serve(bodies) for bodies in connections]

        return asyncio.run(run())

    def check(self) -> None:
        """Every signature was of an allowed kind, by the exposed key, and has its line."""
        signed = [one for one in self.log if one.verdict == "signed"]
        assert len(signed) == len(self.agent.asked)
        for one in self.agent.asked:
            assert one.key == USER.blob
            assert one.flags == 0
            assert is_allowed(one.data)


def is_allowed(data: bytes) -> bool:
    """Whether `data` is just what asyncssh's encoders make of what the policy allows."""
    logins = {login(sid, host_key=host) for sid in (SID, SID_2) for host in (None, HUB.blob)}
    long = message("git")[:-64]
    short = message("git", hash_name="sha256", digest=bytes(32))[:-32]
    return data in logins or long == data[:-64] or short == data[:-32]


def test_the_machine_of_these_tests_is_given_what_is_allowed() -> None:
    machine = Machine()
    answers = machine.say([encoded_bind(bind(HUB, SID)), *sorted(GOOD)])
    assert [answer[0] for answer in answers] == [6, 14, 14, 14]
    machine.check()


@given(st.lists(st.binary(max_size=600), max_size=8))
def test_any_bytes_are_answered_and_sign_nothing(bodies: list[bytes]) -> None:
    machine = Machine()
    assert all(answer[0] in (5, 12) for answer in machine.say(bodies))
    assert machine.agent.asked == []


@given(st.lists(st.sampled_from(MESSAGES), max_size=8))
def test_messages_in_any_order_sign_only_what_is_proven(bodies: list[bytes]) -> None:
    machine = Machine()
    machine.say(bodies)
    machine.check()
    session = Session()
    for body in bodies:
        one = parse_request(body)
        if isinstance(one, SessionBind):
            session = session.bound(one)
    if session.is_spoiled and machine.agent.asked:
        # Then it was signed before the claim that spoiled it.
        first = next(n for n, body in enumerate(bodies) if body[0] == 13)
        assert any(body[0] == 27 for body in bodies[first:])


@pytest.mark.parametrize("whole", MESSAGES, ids=range(len(MESSAGES)))
def test_every_message_that_is_cut_short_signs_nothing(whole: bytes) -> None:
    machine = Machine()
    cuts = [whole[:size] for size in range(len(whole))]
    before = encoded_bind(bind(HUB, SID))
    answers = machine.say([before, *cuts])
    assert machine.agent.asked == []
    assert {answer[0] for answer in answers[1:]} <= {5, 12}


REQUESTS = [body for body in MESSAGES if body[0] != 27]
BINDS = [body for body in MESSAGES if body[0] == 27]
CASES_EACH = 15_000
"""Of these messages there are a dozen: more than 100 000 cases in all."""


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_a_damaged_request_signs_nothing_that_is_not_allowed(number: int) -> None:
    chance = random.Random(number)
    machine = Machine()
    bodies = [damaged(REQUESTS[number], chance) for _ in range(CASES_EACH)]
    answers = machine.say([encoded_bind(bind(HUB, SID)), *bodies])
    assert {answer[0] for answer in answers[1:]} <= {5, 12, 14}
    machine.check()


@pytest.mark.parametrize("number", range(len(BINDS)))
def test_a_damaged_bind_proves_nothing(number: int) -> None:
    chance = random.Random(number)
    machine = Machine()
    asked = encoded(request(login(SID)))
    binds = [damaged(BINDS[number], chance) for _ in range(CASES_EACH // 3)]
    answers = machine.say_apart([one, asked] for one in binds)
    for one, (_, answer) in zip(binds, answers, strict=True):
        assert (answer[0] == 14) == (one == encoded_bind(bind(HUB, SID)))


def damaged(whole: bytes, chance: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1 if at < len(data):
                data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                data[at:at] = chance.randbytes(chance.choice((1, 4, 32)))
            case 3:
                del data[at : at + chance.choice((1, 4, 32))]
            case 4:
                other = chance.choice(MESSAGES)
                start = chance.randrange(len(other))
                data[at:at] = other[start : start + chance.choice((4, 36, 55))]
            case _:
                length = chance.choice((0, 1, 2**31, 2**32 - 1, len(data)))
                data[at : at + 4] = length.to_bytes(4, "big")
    return bytes(data)


@given(st.sampled_from(MESSAGES), st.binary(min_size=1, max_size=40))
def test_whatever_follows_a_message_makes_it_malformed(whole: bytes, tail: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_request(whole + tail)
