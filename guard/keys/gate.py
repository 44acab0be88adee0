"""The last gate before a signature: how often, how fast, and what the person says."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from .decide import Decision
from .exposed import AgentKey
from .limits import Counted, Limits, seconds
from .policy import KeyPolicy, Rate
from .questions import Questions

MOST_REQUESTS = Rate(200, 1.0)
"""Of one machine. What comes faster waits: one process serves all of them."""

_NO_NAME = re.compile(r"[^A-Za-z0-9._@:\[\]/+-]")


@dataclass
class Gate:
    """Of one project."""

    questions: Questions
    limits: Limits = field(default_factory=lambda: Limits(seconds))
    _forgotten: int = 0
    """How often answers were forgotten: one to an older question is not kept."""

    async def pace(self) -> None:
        """Wait while the machine asks too fast."""
        while not self.limits.take("request", MOST_REQUESTS):
            await asyncio.sleep(MOST_REQUESTS.per_s / 4)

    def forget(self) -> None:
        """Forget what the person said yes to; what was used of the rates stays so."""
        self._forgotten += 1
        self.limits.forget()

    async def permit(self, policy: KeyPolicy, key: AgentKey, decision: Decision) -> str:
        """Return why a request that the policy does not deny is refused after all, or nothing."""
        counted: Counted = "sign" if decision.kind == "sign" else "login"
        rate = policy.rates.sign if counted == "sign" else policy.rates.login
        if not self.limits.take(counted, rate):
            return f"more than {rate.count} in {rate.per_s:g} s"
        return await self._asked(policy, key, decision) if decision.verdict == "ask" else ""

    async def _asked(self, policy: KeyPolicy, key: AgentKey, decision: Decision) -> str:
        what = (key.fingerprint, decision.kind, decision.target + decision.host_key)
        if self.limits.remembers(what):
            return ""
        project, rate = policy.project, policy.rates.ask
        text = question_text(project, key, decision)
        is_joined = self.questions.is_open(project, text)
        if not is_joined and not self.limits.take("ask", rate):
            return f"more than {rate.count} questions in {rate.per_s:g} s"
        forgotten = self._forgotten
        no = await self.questions.ask(project, text)
        # A yes to somewhere unknown must not become one to anywhere.
        is_known = decision.kind == "sign" or decision.host_key
        if not no and is_known and forgotten == self._forgotten:
            self.limits.remember(what, policy.remember_s)
        return no


def question_text(project: str, key: AgentKey, decision: Decision) -> str:
    """Return what a person is asked.

    What a machine had a hand in is reduced to what names are made of: some programs that show
    questions take markup.
    """
    target = _NO_NAME.sub("?", decision.target)[:100]
    if decision.kind == "sign":
        wants = f"sign a message of kind `{target}`"
    elif decision.host_key:
        wants = f"log in to {target}"
    else:
        user = target.partition("@")[0]
        wants = f"log in as `{user}` to a host that it does not tell"
    return f"The machine of project `{project}` wants to {wants} with the key {key.shown}. Allow?"
