"""Files that belong to nopal as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..diff import unified
from ..facts import Facts
from ..step import Change, Rewrite, Step
from .path import Look, PathStep, look_at, read_look, split_looks
from .write import bulk, write_file


@dataclass(frozen=True)
class File(PathStep):
    """A file with exactly this content, mode and owner.

    State: what `stat` and `sha256sum` say; the content never travels when nothing is to be done.
    The owner counts only where root writes: what the login user writes is that user's.
    """

    kind = "file"

    content: str | bytes = field(default="", repr=False)
    mode: str = field(default="0644", kw_only=True)
    owner: str = field(default="root", kw_only=True)
    group: str = field(default="", kw_only=True)
    """Empty: not looked at, and the owner's own group when the file is written."""
    sensitive: bool = field(default=False, kw_only=True)
    """The content is never shown in a diff."""
    then: str = field(default="", kw_only=True)
    """Shell to run after the file was replaced, such as `systemctl try-restart docker`.

    It is not run again when it fails: the file is right then.
    """

    def probe(self) -> str:
        """Look at this one path."""
        return look_at([self.path], digests=True)

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Replace the file when its content, mode or owner differs."""
        del facts
        look = read_look(state)
        wrong = self._differences(look)
        if not wrong:
            return None
        if look.kind == "directory":
            return Change(f"{self.path} is a directory: remove it, it should be a file", "")
        as_root = self.run_as == "root"
        script = write_file(
            self.path,
            self.content,
            mode=self.mode,
            owner=self.owner if as_root else "",
            group=self.group if as_root else "",
        )
        if self.then:
            script += "\n" + self.then
        summary = f"write {self.path} ({wrong})"
        return Change(
            summary,
            script,
            self._diff(look),
            rewrites=self._rewrites(look),
            bulk=bulk(self.content),
        )

    def _differences(self, look: Look) -> str:
        if look.kind != "file":
            return "new" if look.kind == "absent" else f"is {look.kind}"
        wrong = []
        if look.digest != self._digest:
            wrong.append("content")
        if not look.has_mode(self.mode):
            wrong.append(f"mode {look.mode}")
        if self.run_as == "root" and look.owner != self.owner:
            wrong.append(f"owner {look.owner}")
        if self.run_as == "root" and self.group not in {"", look.group}:
            wrong.append(f"group {look.group}")
        return ", ".join(wrong)

    def _diff(self, look: Look) -> str:
        if self.sensitive or look.kind != "absent" or isinstance(self.content, bytes):
            return ""
        return unified(self.path, None, self.content)

    def _rewrites(self, look: Look) -> tuple[Rewrite, ...]:
        is_same = look.kind != "file" or look.digest == self._digest
        if self.sensitive or is_same or isinstance(self.content, bytes):
            return ()
        return (Rewrite(self.path, self.content),)

    @property
    def _digest(self) -> str:
        data = self.content.encode() if isinstance(self.content, str) else self.content
        return hashlib.sha256(data).hexdigest()

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Look at all files with one `stat` and one `sha256sum`."""
        return look_at([step.path for step in steps if isinstance(step, PathStep)], digests=True)

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each file's part of the look."""
        return split_looks(len(steps), output)
