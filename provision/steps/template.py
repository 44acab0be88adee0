"""Files rendered from Jinja2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..facts import Facts
from ..step import Change, Step
from .file import File
from .path import PathStep


@dataclass(frozen=True)
class Template(PathStep):
    """A `File` whose content is the Jinja2 text `source`, rendered with `variables`.

    A variable that is not given is an error, never an empty string. State: as of `File`.
    """

    kind = "template"

    source: str = field(default="", repr=False)
    variables: Mapping[str, object] = field(default_factory=dict, hash=False, repr=False)
    mode: str = field(default="0644", kw_only=True)
    owner: str = field(default="root", kw_only=True)
    group: str = field(default="", kw_only=True)
    sensitive: bool = field(default=False, kw_only=True)
    then: str = field(default="", kw_only=True)

    @cached_property
    def file(self) -> File:
        """The file that this template comes to.

        Raises:
            ValueError: the template is broken, or uses a variable that is not given.
        """
        # 50 ms that `--list` need not pay.
        from jinja2 import Environment, StrictUndefined, TemplateError  # noqa: PLC0415

        # What is rendered is configuration, not HTML: escaping would break it.
        environment = Environment(
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701
        )
        try:
            content = environment.from_string(self.source).render(self.variables)
        except TemplateError as error:
            message = f"the template of {self.path} does not render: {error}"
            raise ValueError(message) from error
        return File(
            self.path,
            content,
            mode=self.mode,
            owner=self.owner,
            group=self.group,
            sensitive=self.sensitive,
            then=self.then,
            run_as=self.run_as,
        )

    def probe(self) -> str:
        """Look at this one path."""
        return File.batch_probe([self])

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Replace the file when what is rendered differs."""
        return self.file.plan(state, facts)

    @classmethod
    def batch_probe(cls, steps: Sequence[Step]) -> str:
        """Look at all files with one `stat` and one `sha256sum`."""
        return File.batch_probe(steps)

    @classmethod
    def batch_states(cls, steps: Sequence[Step], output: str) -> Sequence[str]:
        """Return each file's part of the look."""
        return File.batch_states(steps, output)
