"""Questions to the person: asked on the desktop where there is one, and open to `answer` always.

Nobody answering in time means no.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

ANSWER_WITHIN_S = 30.0
NOBODY = "nobody answered within {:.0f} s"
Prompt = Callable[[str], Awaitable[bool | None]]
"""Shows a question; True or False is the answer, None means that it could not be shown."""


@dataclass(frozen=True)
class Question:
    """What is asked, in words for a person."""

    id: int
    project: str
    text: str
    since: float
    """On the clock of time.time()."""


@dataclass
class _Open:
    question: Question
    answer: asyncio.Future[bool]
    showing: asyncio.Task[None]
    waiting: int = 0


@dataclass
class Questions:
    """The open questions of all projects: one a project, so that nobody is flooded."""

    prompt: Prompt
    within_s: float = ANSWER_WITHIN_S
    _open: dict[str, _Open] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def pending(self) -> tuple[Question, ...]:
        """The questions that nobody has answered yet, the oldest first."""
        return tuple(one.question for one in self._open.values())

    def is_busy(self, project: str, text: str) -> bool:
        """Whether another question of this project is open."""
        there = self._open.get(project)
        return there is not None and there.question.text != text

    def is_open(self, project: str, text: str) -> bool:
        """Whether just this question is open."""
        return project in self._open and not self.is_busy(project, text)

    async def ask(self, project: str, text: str) -> str:
        """Wait for the answer; return why it is no, or nothing for a yes.

        The same question of the same project is put once, however many wait for it.
        """
        if self.is_busy(project, text):
            return "another question of this machine is open"
        one = self._open.get(project) or self._put(project, text)
        one.waiting += 1
        try:
            answered = await asyncio.wait_for(asyncio.shield(one.answer), self.within_s)
        except asyncio.TimeoutError:
            return NOBODY.format(self.within_s)
        finally:
            one.waiting -= 1
            if not one.waiting:
                one.showing.cancel()
                self._open.pop(project, None)
        return "" if answered else "the answer was no"

    def answer(self, number: int, *, yes: bool) -> bool:
        """Answer a question; False when it is not open any more."""
        for one in self._open.values():
            if one.question.id == number and not one.answer.done():
                one.answer.set_result(yes)
                return True
        return False

    def _put(self, project: str, text: str) -> _Open:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def show() -> None:
            yes = await self.prompt(text)
            if yes is not None and not answer.done():
                answer.set_result(yes)

        question = Question(next(self._ids), project, text, time.time())
        one = self._open[project] = _Open(question, answer, asyncio.ensure_future(show()))
        return one
