"""Marked blocks in files that belong to the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, Edit, Step
from .path import PathStep
from .write import rewrite_file

# A marker may end in CR too: an editor may have changed the whole file's newlines. Each of several
# files is announced by a number, with which its lines begin.
_READ = """
function told() { return ENVIRON["nopal_blocks"] == 1 ? "" : i }
{ line = $0; sub(/\\r$/, "", line) }
line == ENVIRON["nopal_begin_" i] { n[i]++; if (inside[i]) bad[i] = 1; inside[i] = 1; next }
line == ENVIRON["nopal_end_" i] { if (!inside[i]) bad[i] = 1; inside[i] = 0; next }
inside[i] { print told() "|" $0 }
END { for (i = 1; i <= ENVIRON["nopal_blocks"]; i++)
print told() ((bad[i] || inside[i] || n[i] > 1) ? "damaged" : (n[i] ? "there" : "none")) }
"""
_ANSWERED = re.compile(r"([0-9]+)(\|.*|there|none|damaged)")

_WRITE = """
function block() {
print ENVIRON["nopal_begin"]
printf "%s", ENVIRON["nopal_block"]
print ENVIRON["nopal_end"]
}
BEGIN { where = ENVIRON["nopal_where"]; if (where == "top") block() }
{ line = $0; sub(/\\r$/, "", line) }
line == ENVIRON["nopal_begin"] { if (where == "here") block(); inside = 1; next }
line == ENVIRON["nopal_end"] { inside = 0; next }
!inside { print }
END { if (where == "bottom") block() }
"""


@dataclass(frozen=True)
class Block(PathStep):
    """Lines of nopal's own, between two marker lines, in a file that belongs to the user.

    Only what stands between the markers is ever replaced. Without markers the block is appended, or
    put first with `top`; a missing file is made with `mode`. State: the block's lines behind a `|`,
    then `there`, `none` or `damaged`: doubled or unpaired markers are for a person to put right.
    """

    kind = "block"

    content: str = field(default="", repr=False)
    marker: str = field(default="nopal", kw_only=True)
    """A word that tells this block from others in the same file."""
    comment: str = field(default="# {}", kw_only=True)
    """How a marker becomes a comment of the file's language, such as `<!-- {} -->`."""
    top: bool = field(default=False, kw_only=True)
    """Put a new block first: Debian's `.bashrc` returns early where nobody types."""
    mode: str = field(default="0644", kw_only=True)
    sensitive: bool = field(default=False, kw_only=True)
    """The lines are never shown in a diff."""

    def __post_init__(self) -> None:
        """Refuse a content that would be read as a marker."""
        super().__post_init__()
        if {self.begin, self.end} & set(
            self.content.replace("\r", "").split("\n")
        ) or "\n" in self.begin:
            message = f"the block {self.marker!r} for {self.path} holds its own marker"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """The path and the marker: a file may have several blocks."""
        return f"{self.path}#{self.marker}"

    @property
    def begin(self) -> str:
        """The line before the block."""
        return self.comment.format(f">>> nopal: {self.marker} >>>")

    @property
    def end(self) -> str:
        """The line after the block."""
        return self.comment.format(f"<<< nopal: {self.marker} <<<")

    @property
    def text(self) -> str:
        """The block's lines, each with its newline."""
        is_whole = not self.content or self.content.endswith("\n")
        return self.content if is_whole else self.content + "\n"

    def probe(self) -> str:
        """Read what stands between the markers."""
        return _reading([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Put the block in, or replace what stands between the markers."""
        del facts
        *lines, verdict = state.split("\n")
        if verdict == "damaged":
            message = f"{self.path}: the markers `{self.begin}` are doubled or unpaired; mend them"
            return Change(message, "")
        if verdict == "there" and "".join(f"{line[1:]}\n" for line in lines) == self.text:
            return None
        where = "here" if verdict == "there" else ("top" if self.top else "bottom")
        write = self._awk(_WRITE, "-", nopal_where=where, nopal_block=self.text)
        produce = f'if [ -e "$nopal_to" ]; then cat -- "$nopal_to"; fi |\n{write}'
        verb = "replace the block" if verdict == "there" else "add the block"
        summary = f"{verb} {self.marker} in {self.path}"
        script = rewrite_file(self.path, f'{produce} >"$nopal_new"', mode=self.mode)
        edits = () if self.sensitive else (Edit(self.path, produce),)
        return Change(summary, script, rewrites=edits)

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str | None:
        """Read all blocks by one awk."""
        return _reading([step for step in steps if isinstance(step, Block)])

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each block's lines and verdict."""
        states: list[list[str]] = [[] for _ in steps]
        for line in output.split("\n"):
            if (found := _ANSWERED.fullmatch(line)) is None:
                message = f"no line of a block: {line!r}"
                raise ValueError(message)
            states[int(found[1]) - 1].append(found[2])
        return ["\n".join(state) for state in states]

    def _awk(self, program: str, file: str, **variables: str) -> str:
        # By the environment, since awk reads backslashes in `-v` values.
        values = {"nopal_begin": self.begin, "nopal_end": self.end, **variables}
        words = " ".join(f"{key}={quote(value)}" for key, value in values.items())
        return f"{words} awk {quote(program.strip())} {file}"


def _reading(blocks: Sequence[Block]) -> str:
    """Return shell that prints the state of each block, one of several behind its number."""
    lines, words = ["set --"], [f"nopal_blocks={len(blocks)}"]
    for number, block in enumerate(blocks, 1):
        path = quote_path(block.path)
        lines.append(f'[ ! -r {path} ] || [ ! -f {path} ] || set -- "$@" i={number} {path}')
        words.append(f"nopal_begin_{number}={quote(block.begin)}")
        words.append(f"nopal_end_{number}={quote(block.end)}")
    return "\n".join([*lines, f'{" ".join(words)} awk {quote(_READ.strip())} "$@"'])
