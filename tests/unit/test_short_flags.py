from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from invoke import Argument, Collection
from invoke.tasks import Task

from nopal.tasks import ns


def verbs(collection: Collection, above: str = "") -> Iterator[tuple[str, Task[Any]]]:
    for name, task in collection.tasks.items():
        yield above + name, task
    for name, inner in collection.collections.items():
        yield from verbs(inner, f"{above}{name}.")


def arguments(verb: str) -> dict[str, Argument]:
    return {argument.name: argument for argument in dict(verbs(ns))[verb].get_arguments()}


WITH_A_PROJECT = [name for name, _task in verbs(ns) if "project" in arguments(name)]


@pytest.mark.parametrize("verb", WITH_A_PROJECT)
def test_p_is_the_project_of_every_verb(verb: str) -> None:
    assert "p" in arguments(verb)["project"].names


def test_what_is_told_by_its_place_has_no_short_flag() -> None:
    assert "task" in WITH_A_PROJECT
    assert arguments("task")["prompt"].names == ("prompt",)
