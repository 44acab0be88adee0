"""Alternatives: the same thing by several ways."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote
from ..step import Change, RunAs, Step
from .check import Check

# In a script of root's: run what stands on stdin as the user who logged in, or right here where
# that is root.
_AS_LOGIN = """\
nopal_login() {
if [ "${SUDO_USER:-root}" = root ]; then sh -s; return; fi
nopal_home=$(getent passwd "$SUDO_USER" | cut -d : -f 6)
runuser -u "$SUDO_USER" -- env HOME="$nopal_home" USER="$SUDO_USER" LOGNAME="$SUDO_USER" sh -s
}"""


@dataclass(frozen=True, init=False)
class FirstOf(Step):
    """What any of `alternatives` gives: each is a step, or several that belong together.

    Fine when all steps of any alternative are. Else they are tried in order, and what kept one
    from being used is said aloud before the next is tried. State: the states of all steps, in
    base64, one a line.
    """

    kind = "first-of"

    label: str
    alternatives: tuple[tuple[Step, ...], ...] = field(repr=False)

    def __init__(
        self,
        label: str,
        *options: Step | tuple[Step, ...],
        alternatives: tuple[tuple[Step, ...], ...] = (),
        tags: tuple[str, ...] = (),
        run_as: RunAs = "root",
        needs_agent: bool = False,
    ) -> None:
        # The keywords are there for `dataclasses.replace`; who runs follows from the steps.
        del run_as, needs_agent
        given = tuple((each,) if isinstance(each, Step) else tuple(each) for each in options)
        groups = alternatives or given
        steps = [step for group in groups for step in group]
        if not all(groups) or not groups:
            message = f"{label} has an alternative without steps"
            raise ValueError(message)
        users = {step.run_as for step in steps}
        has_agent = any(step.needs_agent for step in steps)
        if has_agent and "root" in users:
            message = f"{label}: root's steps and those that need the agent cannot be alternatives"
            raise ValueError(message)
        for key, value in (
            ("label", label),
            ("alternatives", groups),
            ("tags", tags),
            ("needs_agent", has_agent),
            ("run_as", "login" if users == {"login"} else "root"),
        ):
            object.__setattr__(self, key, value)

    @property
    def name(self) -> str:
        """What the alternatives are for."""
        return self.label

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all alternatives."""
        return tuple(step for group in self.alternatives for step in group)

    def probe(self) -> str:
        """Probe every step of every alternative."""
        lines = [_AS_LOGIN] if self._has_both else []
        lines += [
            f"( {self._run(step, step.probe())}\n) | base64 -w 0; echo" for step in self.steps
        ]
        return "\n".join(lines)

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Try the alternatives in order, unless one is there already."""
        states = iter(_decode(line) for line in state.split("\n"))
        plans: list[tuple[tuple[Step, ...], tuple[Change | None, ...]]] = []
        for group in self.alternatives:
            plans.append((group, tuple(step.plan(next(states, ""), facts) for step in group)))
        if any(not any(changes) for _, changes in plans):
            return None
        names = [", ".join(step.name for step in group) for group, _ in plans]
        attempts = [self._attempt(group, changes) for group, changes in plans]
        shown = [change for change in plans[0][1] if change]
        return Change(
            f"{self.label}: {' or '.join(names)}",
            self._script(names, attempts),
            "".join(change.diff for change in shown),
            # Where root and the login user share a change, root would look for both.
            rewrites=() if self._has_both else tuple(r for c in shown for r in c.rewrites),
        )

    def _attempt(self, group: Sequence[Step], changes: Sequence[Change | None]) -> str:
        """Return one alternative's shell: changes in order, neighbours of one kind merged."""
        pending = [(s, c) for s, c in zip(group, changes, strict=True) if c is not None]
        lines: list[str] = []
        while pending:
            step, change = pending[0]
            run = [
                pair
                for pair in pending
                if type(pair[0]) is type(step) and pair[0].run_as == step.run_as
            ]
            run = run if pending[: len(run)] == run else pending[:1]
            merged = (
                type(step).merge([s for s, _ in run], [c for _, c in run]) if len(run) > 1 else None
            )
            if merged is None:
                run = pending[:1]
            pending = pending[len(run) :]
            lines.append(self._apply(step, merged or change))
        return "\n".join(lines)

    def _apply(self, step: Step, change: Change) -> str:
        script = change.script
        if isinstance(step, Check):
            # It may succeed after the changes before it; what it prints is proved later.
            script = step.script
        if not script:
            return f"echo {quote(change.summary)}; exit 1"
        run = self._run(step, "set -e\n" + script)
        return f"( {run}\n)"

    def _run(self, step: Step, script: str) -> str:
        if self._has_both and step.run_as == "login":
            # A word that the script cannot hold; and the rest of it is not its stdin.
            end = f"nopal-{hashlib.sha256(script.encode()).hexdigest()[:16]}"
            return f"nopal_login <<'{end}'\n(\n{script}\n) </dev/null\n{end}"
        return script

    @property
    def _has_both(self) -> bool:
        return len({step.run_as for step in self.steps}) > 1

    def _script(self, names: Sequence[str], attempts: Sequence[str]) -> str:
        lines = [_AS_LOGIN] if self._has_both else []
        lines += ["nopal_tried=$(mktemp -d)", "trap 'rm -rf -- \"$nopal_tried\"' EXIT"]
        for index, (name, attempt) in enumerate(zip(names, attempts, strict=True)):
            following = quote(f": trying {names[index + 1]}") if index + 1 < len(names) else ""
            failed = f"{self.label}: {name} could not be used"
            # Not in a condition, where `set -e` would not count. The last line is the reason.
            lines += [
                f'{{ set +e; (\nset -e\n{attempt}\n) 2>&1; echo $? >"$nopal_tried/status"; }} |',
                f'tee "$nopal_tried/{index}"',
                'read -r nopal_status <"$nopal_tried/status"',
                'if [ "$nopal_status" = 0 ]; then exit 0; fi',
                f'echo {quote(failed)}" (exit $nopal_status)"{following}',
            ]
        lines.append(f"echo {quote(f'{self.label}: no way is left. The reasons:')}")
        lines += [
            f'echo {quote("- " + name)}": $(tail -n 1 "$nopal_tried/{index}")"'
            for index, name in enumerate(names)
        ]
        return "\n".join([*lines, "exit 1"])


def _decode(line: str) -> str:
    try:
        text = base64.b64decode(line, validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        message = f"a state could not be read ({error})"
        raise ValueError(message) from error
    return text.rstrip("\n")
