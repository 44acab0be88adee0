"""Questions to the person, through the real broker: on a screen, and from a terminal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from agent_messages import encoded, message
from broker_fixtures import (
    FAILURE,
    SIGNED,
    eventually,
    lists,
    policy,
    running_broker,
    signs,
)
from guard_fixtures import ENV
from raw_agent import raw_client

from guard.keys.client import BrokerClient
from guard.keys.policy import Rate, Rates
from guard.keys.protocol import SignRequest
from guard.public_key import PublicKey
from guard.wire import string


@pytest.mark.parametrize(("status", "number"), [(0, SIGNED), (1, FAILURE)], ids=["yes", "no"])
def test_a_question_goes_to_the_screen(
    tmp_path: Path, agent: Path, one: PublicKey, status: int, number: int
) -> None:
    program = tmp_path / "ask"
    program.write_text(
        f'#!/bin/sh\nprintf "%s %s" "$SSH_ASKPASS_PROMPT" "$1" > {tmp_path}/asked\nexit {status}\n'
    )
    program.chmod(0o755)
    environ = {**ENV, "SSH_ASKPASS": str(program), "DISPLAY": ":99", "SECRET": "hidden"}
    with running_broker(environ) as broker:
        socket = broker.give(policy(agent, sign={"git": "ask"}))
        assert signs(socket, one) == number
        assert (tmp_path / "asked").read_text() == (
            "confirm The machine of project `blog` wants to sign a message of kind `git` "
            f"with the key {one.fingerprint} (one). Allow?"
        )
        if status:
            assert list(broker.log())[-1].reason == "the answer was no"


def test_a_question_can_be_answered_from_a_terminal_while_keys_are_listed(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    socket = broker.give(policy(agent, sign={"git": "ask"}, rates=Rates(ask=Rate(2, 600))))
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(signs(socket, one)))
    asking.start()
    eventually(broker.pending)
    assert lists(socket) == (one,)
    (question,) = broker.pending()
    assert question.project == "blog"
    assert broker.answer(question.id, yes=True)
    asking.join()
    assert answers == [SIGNED]
    assert not broker.answer(question.id, yes=True)
    # A yes holds for a while.
    assert signs(socket, one) == SIGNED


def test_a_client_that_gives_up_takes_its_question_with_it(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    socket = broker.give(policy(agent, sign={"git": "ask"}))
    with raw_client(socket) as client:
        client.send(string(encoded(SignRequest(one.blob, message(), 0))))
        eventually(broker.pending)
    eventually(lambda: not broker.pending())
    eventually(lambda: "the client went away" in list(broker.log())[-1].reason)


def test_a_pause_counts_though_somebody_says_yes_afterwards(
    broker: BrokerClient, agent: Path, one: PublicKey
) -> None:
    socket = broker.give(policy(agent, sign={"git": "ask"}))
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(signs(socket, one)))
    asking.start()
    eventually(broker.pending)
    broker.pause("blog")
    broker.answer(broker.pending()[0].id, yes=True)
    asking.join()
    assert answers == [FAILURE]


@pytest.mark.parametrize("what", ["pause", "another policy"])
def test_a_yes_does_not_outlive_what_the_person_does_then(
    tmp_path: Path, agent: Path, one: PublicKey, what: str
) -> None:
    program = tmp_path / "ask"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    asks = policy(agent, sign={"git": "ask"})
    with running_broker({**ENV, "SSH_ASKPASS": str(program), "DISPLAY": ":99"}) as broker:
        socket = broker.give(asks)
        assert signs(socket, one) == SIGNED
        program.write_text("#!/bin/sh\nexit 1\n")
        assert signs(socket, one) == SIGNED, "it is remembered"
        if what == "pause":
            broker.pause("blog")
            broker.resume("blog")
        else:
            broker.give(policy(agent, sign={"git": "ask"}, hostbound=("hub",)))
        assert signs(socket, one) == FAILURE
