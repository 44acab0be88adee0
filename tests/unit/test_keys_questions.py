"""Questions to the person: who answers, what nobody answers, and what is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import TypeVar

import msgspec
import pytest
from agent_messages import key

from guard.keys.decide import Decision
from guard.keys.desktop import desktop_part, prompt_command
from guard.keys.gate import Gate, question_text
from guard.keys.policy import KeyPolicy, Rate, Rates
from guard.keys.questions import Questions

KEY = key("user").agent_key
ASKED = Decision("login", "git@hub", "ask", "the policy", "SHA256:hub")
POLICY = KeyPolicy(project="blog")
T = TypeVar("T")


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)  # type: ignore[arg-type]


def says(answer: bool | None) -> Callable[[str], Awaitable[bool | None]]:
    async def prompt(_text: str) -> bool | None:
        return answer

    return prompt


async def silence(_text: str) -> bool | None:
    await asyncio.sleep(60)
    return None


async def until_open(questions: Questions, count: int = 1) -> None:
    while len(questions.pending) < count:
        await asyncio.sleep(0)


def test_the_screen_s_answer_decides() -> None:
    assert run(Questions(says(True)).ask("blog", "May it?")) == ""
    assert run(Questions(says(False)).ask("blog", "May it?")) == "the answer was no"


@pytest.mark.parametrize("prompt", [says(None), silence], ids=["no screen", "nobody there"])
def test_nobody_answering_means_no(prompt: Callable[[str], Awaitable[bool | None]]) -> None:
    questions = Questions(prompt, within_s=0.05)
    assert "nobody answered" in run(questions.ask("blog", "May it?"))
    assert questions.pending == ()


@pytest.mark.parametrize("yes", [True, False])
def test_a_pending_question_can_be_answered_from_elsewhere(yes: bool) -> None:
    async def work() -> tuple[str, bool]:
        questions = Questions(silence)
        asking = asyncio.create_task(questions.ask("blog", "May it?"))
        await until_open(questions)
        number = questions.pending[0].id
        assert questions.answer(number, yes=yes)
        is_late = questions.answer(number, yes=not yes)
        return await asking, is_late

    answer, is_late = run(work())
    assert (answer == "", is_late) == (yes, False)


def test_a_number_that_is_no_question_answers_nothing() -> None:
    assert not Questions(silence).answer(7, yes=True)


def test_the_same_question_is_put_once_and_its_answer_is_for_all_who_wait() -> None:
    async def work() -> list[str]:
        questions = Questions(silence)
        asking = [asyncio.create_task(questions.ask("blog", "May it?")) for _ in range(3)]
        await until_open(questions)
        await asyncio.sleep(0)
        assert len(questions.pending) == 1
        questions.answer(questions.pending[0].id, yes=True)
        return await asyncio.gather(*asking)

    assert run(work()) == ["", "", ""]


def test_a_machine_has_one_question_at_a_time_and_another_machine_has_its_own() -> None:
    async def work() -> str:
        questions = Questions(silence)
        first = asyncio.create_task(questions.ask("blog", "May it?"))
        second = asyncio.create_task(questions.ask("shop", "May it?"))
        await until_open(questions, 2)
        refused = await questions.ask("blog", "And this?")
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert questions.pending == ()
        return refused

    assert run(work()) == "another question of this machine is open"


def test_a_yes_is_remembered_for_just_that() -> None:
    async def work() -> list[str]:
        gate = Gate(Questions(says(True)))
        first = await gate.permit(POLICY, KEY, ASKED)
        gate.questions.prompt = says(False)
        return [
            first,
            await gate.permit(POLICY, KEY, ASKED),
            await gate.permit(POLICY, KEY, replace(ASKED, target="root@hub")),
            await gate.permit(POLICY, KEY, replace(ASKED, host_key="SHA256:other")),
            await gate.permit(POLICY, key("other").agent_key, ASKED),
        ]

    assert [bool(no) for no in run(work())] == [False, False, True, True, True]


def test_a_yes_that_was_forgotten_is_asked_for_again() -> None:
    async def work() -> list[str]:
        gate = Gate(Questions(says(True)))
        first = await gate.permit(POLICY, KEY, ASKED)
        gate.forget()
        gate.questions.prompt = says(False)
        return [first, await gate.permit(POLICY, KEY, ASKED)]

    assert run(work()) == ["", "the answer was no"]


def test_a_yes_to_a_question_from_before_is_good_for_that_one_alone() -> None:
    async def work() -> list[str]:
        gate = Gate(Questions(silence))
        asking = asyncio.ensure_future(gate.permit(POLICY, KEY, ASKED))
        await until_open(gate.questions)
        gate.forget()
        gate.questions.answer(gate.questions.pending[0].id, yes=True)
        first = await asking
        gate.questions.prompt = says(False)
        return [first, await gate.permit(POLICY, KEY, ASKED)]

    assert run(work()) == ["", "the answer was no"]


def test_a_yes_to_an_unknown_host_is_not_remembered() -> None:
    async def work() -> list[str]:
        gate = Gate(Questions(says(True)))
        unbound = replace(ASKED, target="git@?", host_key="")
        first = await gate.permit(POLICY, KEY, unbound)
        gate.questions.prompt = says(False)
        return [first, await gate.permit(POLICY, KEY, unbound)]

    assert run(work()) == ["", "the answer was no"]


def test_rates_hold_for_what_is_allowed_and_for_questions() -> None:
    async def work() -> list[str]:
        gate = Gate(Questions(says(False)))
        policy = msgspec.structs.replace(
            POLICY, rates=Rates(sign=Rate(2, 60), login=Rate(9, 60), ask=Rate(1, 60))
        )
        signs = Decision("sign", "git", "allow", "the policy")
        asked = (signs, signs, signs, ASKED, ASKED)
        return [await gate.permit(policy, KEY, one) for one in asked]

    assert run(work()) == [
        "",
        "",
        "more than 2 in 60 s",
        "the answer was no",
        "more than 1 questions in 60 s",
    ]


def test_a_machine_that_asks_too_fast_waits() -> None:
    async def work() -> None:
        gate = Gate(Questions(silence))
        for _ in range(200):
            await asyncio.wait_for(gate.pace(), 5)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(gate.pace(), 0.01)

    run(work())


@pytest.mark.parametrize(
    "target", ["git\x1b[2J@hub", "<b>x</b>@hub", "g\u202eit@hub", "$(id)`id`@hub"]
)
def test_what_a_machine_says_is_shown_as_plain_letters(target: str) -> None:
    for decision in (
        Decision("login", target, "ask", "", "SHA256:hub"),
        Decision("login", target, "ask", ""),
        Decision("sign", target, "ask", ""),
    ):
        text = question_text("blog", KEY, decision)
        assert text.isprintable()
        assert not set("<>$&\"'\u202e") & set(text)


def test_a_question_tells_project_target_and_key() -> None:
    text = question_text("blog", KEY, ASKED)
    assert text == (
        "The machine of project `blog` wants to log in to git@hub "
        f"with the key {KEY.fingerprint} (work@laptop). Allow?"
    )
    unbound = replace(ASKED, target="git@?", host_key="")
    assert "to a host that it does not tell" in question_text("blog", KEY, unbound)


@pytest.mark.parametrize(
    ("environ", "system", "program"),
    [
        ({"SSH_ASKPASS": "/x/ask", "DISPLAY": ":0"}, "linux", "/x/ask"),
        ({"SSH_ASKPASS": "/x/ask", "WAYLAND_DISPLAY": "w"}, "linux", "/x/ask"),
        ({"SSH_ASKPASS": "/x/ask", "SSH_ASKPASS_REQUIRE": "force"}, "linux", "/x/ask"),
        ({"SSH_ASKPASS": "/x/ask"}, "linux", None),
        ({"SSH_ASKPASS": "/x/ask", "DISPLAY": ":0", "SSH_ASKPASS_REQUIRE": "never"}, "linux", None),
        ({}, "linux", None),
        ({}, "darwin", "osascript"),
        ({"SSH_ASKPASS_REQUIRE": "never"}, "darwin", None),
        ({"SSH_ASKPASS": "/x/ask", "SSH_ASKPASS_REQUIRE": "prefer"}, "darwin", "/x/ask"),
    ],
)
def test_questions_go_to_the_screen_there_is(
    environ: dict[str, str], system: str, program: str | None
) -> None:
    command = prompt_command(environ, "May it?", system)
    assert (command[0] if command else None) == program
    assert command is None or command[-1] == "May it?"


def test_the_broker_takes_of_an_environment_only_what_a_screen_needs() -> None:
    taken = desktop_part({"DISPLAY": ":0", "GITHUB_TOKEN": "secret", "LANG": "", "PATH": "/bin"})
    assert taken == {"DISPLAY": ":0", "PATH": "/bin"}
