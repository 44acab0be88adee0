"""The `nopal` command: the same verbs as `inv`, from any directory."""

from __future__ import annotations

from importlib.metadata import version

from invoke import Program


def main() -> None:
    """Run the verb that the command line names."""
    from .tasks import ns  # noqa: PLC0415

    Program(name="nopal", binary="nopal", namespace=ns, version=version("nopal")).run()
