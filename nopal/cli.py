"""The `nopal` command: the same verbs as `inv`, from any directory."""

from __future__ import annotations

from importlib.metadata import version

from invoke import Exit, ParseError, Program


class Nopal(Program):
    """Invoke's program, with 2 for what was typed wrongly, as every error of input has here."""

    def parse_core(self, argv: list[str] | None) -> None:
        """Read the flags before the first verb."""
        try:
            super().parse_core(argv)
        except ParseError as error:
            raise Exit(str(error), 2) from error

    def parse_tasks(self) -> None:
        """Read the verbs and their flags."""
        try:
            super().parse_tasks()
        except ParseError as error:
            raise Exit(str(error), 2) from error


def main() -> None:
    """Run the verb that the command line names."""
    from .tasks import ns  # noqa: PLC0415 - a version needs none of the verbs

    Nopal(name="nopal", binary="nopal", namespace=ns, version=version("nopal")).run()
