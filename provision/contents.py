"""What files hold that a plan would replace, for the diffs that it shows.

The first probe compares hashes, so that no content travels on a no-op; only a plan, and only one
that replaces a file, asks once more. What is asked for are steps like any other, which are never
applied.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .diff import is_text, unified
from .facts import Facts
from .plan import Plan
from .probe import Answer
from .shell import quote_path
from .step import Edit, Rewrite, Step

LIMIT = 64 * 1024
"""The largest file, in bytes, of which a diff is shown."""


@dataclass(frozen=True)
class Content(Step):
    """What the file of `rewrite` holds now, and with an Edit also what it would hold.

    State: `=` and the content in base64, or nothing for what is no file, or too large, or kept from
    who asks. With an Edit, a blank and the new content follow, and `-` stands for no file.
    """

    kind = "content"
    keeps_state_in_log = False

    of: str
    """The id of the step that would replace it."""
    rewrite: Rewrite | Edit = field(hash=False)

    @property
    def name(self) -> str:
        """The step and its file."""
        return f"{self.of} {self.rewrite.path}"

    def probe(self) -> str:
        """Print the file."""
        path = quote_path(self.rewrite.path)
        if not isinstance(self.rewrite, Edit):
            return f"if [ ! -L {path} ] && {_is_shown(path)}; then {_print(path)}; fi"
        # What is behind a link is edited, and a file that is not there is made.
        to = '"$nopal_to"'
        return (
            f"nopal_to=$(readlink -m -- {path})\n"
            f"if [ ! -e {to} ]; then printf -- -\n"
            f"elif {_is_shown(to)}; then {_print(to)}\n"
            "else exit; fi\n"
            f"printf ' '; {{\n{self.rewrite.produce}\n}} | base64 -w 0"
        )

    def plan(self, state: str, facts: Facts) -> None:
        """Ask for nothing: it is only looked at."""
        del state, facts

    def diff(self, state: str) -> str:
        """Return how the content would change, or nothing where that cannot be shown as text."""
        shown, blank, edited = state.partition(" ")
        is_edit = isinstance(self.rewrite, Edit)
        if not shown or bool(blank) != is_edit:
            return ""
        try:
            old = None if shown == "-" else _decode(shown[1:])
            new = _decode(edited) if isinstance(self.rewrite, Edit) else self.rewrite.content
        except (binascii.Error, UnicodeDecodeError):
            return ""
        if not is_text((old or "") + new):
            return ""
        # The lines around an edit may be somebody else's, and a secret.
        return unified(self.rewrite.path, old, new, context=0 if is_edit else 3)


def _is_shown(path: str) -> str:
    return f'[ -f {path} ] && [ -r {path} ] && [ "$(wc -c <{path})" -le {LIMIT} ]'


def _print(path: str) -> str:
    return f"printf '='; base64 -w 0 <{path}"


def _decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def show(wanted: Plan, steps: Sequence[Step], ask: Callable[[str, Sequence[Step]], Answer]) -> Plan:
    """Return `wanted` with the diffs of the files that it replaces.

    `ask` probes some steps under a title. It is called once, or not at all where no file is to be
    looked at.
    """
    contents = tuple(
        Content(step.id, rewrite, run_as=step.run_as)
        for step in steps
        if step.id in wanted.changes
        for rewrite in wanted.changes[step.id].rewrites
    )
    if not contents:
        return wanted
    states = ask("contents", contents).states
    shown = dict(wanted.changes)
    for content in contents:
        change = shown[content.of]
        diff = change.diff + content.diff(states.get(content.id) or "")
        shown[content.of] = replace(change, diff=diff)
    return replace(wanted, changes=shown)
