"""Marked blocks in files that belong to the user."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote, quote_path
from ..step import Change, Edit
from .path import PathStep
from .write import rewrite_file

# A marker may end in CR too: an editor may have changed the whole file's newlines.
_READ = """
{ line = $0; sub(/\\r$/, "", line) }
line == ENVIRON["nopal_begin"] { n++; if (inside) bad = 1; inside = 1; next }
line == ENVIRON["nopal_end"] { if (!inside) bad = 1; inside = 0; next }
inside { print "|" $0 }
END { print (bad || inside || n > 1) ? "damaged" : (n ? "there" : "none") }
"""

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
        path = quote_path(self.path)
        return f"if [ -f {path} ]; then\n{self._awk(_READ, path)}\nelse echo none; fi"

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

    def _awk(self, program: str, file: str, **variables: str) -> str:
        # By the environment, since awk reads backslashes in `-v` values.
        values = {"nopal_begin": self.begin, "nopal_end": self.end, **variables}
        words = " ".join(f"{key}={quote(value)}" for key, value in values.items())
        return f"{words} awk {quote(program.strip())} {file}"
