"""Symbolic links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, Step
from .path import AT_ONCE, PathStep
from .write import parent_word

# A target may hold newlines, which would end a line of the state: they travel as this character.
_NEWLINE = "\x01"


@dataclass(frozen=True)
class Link(PathStep):
    """A symbolic link at `path` to `target`, which need not be there.

    State: `l` and the target on a line of its own, `o` for anything else, `-` for nothing. What is
    no link is never removed: the step fails then.
    """

    kind = "link"

    target: str = ""
    """Absolute, relative to the link, or below the login user's home by `~/`."""

    def __post_init__(self) -> None:
        """Refuse a link to nothing."""
        super().__post_init__()
        if not self.target:
            message = f"the link {self.path} needs a target"
            raise ValueError(message)

    def probe(self) -> str:
        """Read this one link."""
        return self.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Make the link, or turn it to the wanted target."""
        target = self.target
        if target.startswith("~/"):
            target = f"{facts.home}/{target[2:]}"
        if state == "l\n" + target.replace("\n", _NEWLINE):
            return None
        if state == "o":
            return Change(f"{self.path} is no link: move it out of the way", "")
        path = quote_path(self.path)
        # GNU ln replaces an old link by a rename, so there is always one.
        script = f"mkdir -p -- {parent_word(self.path)}\nln -sfnT -- {quote(target)} {path}"
        return Change(f"link {self.path} to {target}", script)

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Read all links with one `readlink`."""
        words = " ".join(quote_path(step.path) for step in steps if isinstance(step, Link))
        return "\n".join(
            [
                "nopal_links() {",
                "nopal_there=0",
                'for p do if [ -L "$p" ]; then printf l; nopal_there=$((nopal_there + 1));'
                ' elif [ -e "$p" ]; then printf o; else printf -- -; fi; done',
                "echo",
                "{",
                f'if [ $# = $nopal_there ] && [ $# -le {AT_ONCE} ]; then readlink -z -- "$@"; else',
                'for p do if [ -L "$p" ]; then printf "%s\\0" "$p"; fi; done |',
                "xargs -0 -r readlink -z --",
                "fi",
                r"} | tr '\n\0' '\1\n'",
                "}",
                f"nopal_links {words}",
            ]
        )

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return for each what its own probe would say."""
        letters, _, rest = output.partition("\n")
        targets = iter(rest.split("\n"))
        states = []
        for letter in letters.ljust(len(steps), "-"):
            if letter == "l":
                states.append("l\n" + next(targets, ""))
            else:
                states.append(letter)
        return states
