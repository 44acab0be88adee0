"""`inv …` in this checkout: nopal's verbs, and the chores of the project itself."""

from __future__ import annotations

from invoke import Context, task

from nopal import ns


@task
def test(c: Context) -> None:
    """Run all tests that this host can run."""
    c.run("pytest", pty=True)


@task
def lint(c: Context) -> None:
    """Check style and import direction."""
    c.run("ruff check . && ruff format --check . && lint-imports")


@task
def types(c: Context) -> None:
    """Check the types."""
    c.run("mypy")


@task
def docs(c: Context) -> None:
    """Write docs/profiles.md from the profiles themselves."""
    c.run("python docs/profiles_page.py")


@task(help={"quick": "nopal alone and once, for a look: no page is written."})
def bench(c: Context, quick: bool = False) -> None:
    """Measure nopal beside its peers, and write docs/performance.md."""
    c.run("python -m bench" + (" --quick" if quick else ""))


for chore in (test, lint, types, docs, bench):
    ns.add_task(chore)
