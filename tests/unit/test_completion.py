"""What `inv --complete` prints."""

from __future__ import annotations

import subprocess
import sys

import pytest
from invoke import Collection, Context, task
from invoke.completion import complete

from nopal.tasks import ns
from nopal.tasks.completion import print_task_names


@task(aliases=["b_c", "d"])
def a_b(c: Context) -> None:
    """Do nothing."""


@task(default=True)
def e(c: Context) -> None:
    """Do nothing."""


def names(collection: Collection) -> list[str]:
    found = collection.task_names
    ordered = sorted(found, key=complete.task_name_sort_key)
    return [each for name in ordered for each in (name, *found[name])]


@pytest.mark.parametrize(
    "collection", [ns, Collection(a_b, e, inner=Collection(e, a_b))], ids=["nopal", "small"]
)
def test_every_name_and_alias_is_completed_in_order(
    collection: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    print_task_names(collection)
    assert capsys.readouterr().out.splitlines() == names(collection)


def test_invoke_completes_by_it() -> None:
    assert complete.print_task_names is print_task_names


def test_a_listing_loads_neither_steps_nor_what_only_verbs_need() -> None:
    code = "import sys, nopal; nopal.ns; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in shown.stdout.split() if name.startswith(("provision", "lima"))}
    assert loaded == set()
    assert not {"fabric", "msgspec", "nopal.machine", "profiles.errors"} & set(shown.stdout.split())
