from __future__ import annotations

import pytest
from engine_samples import Package, Thing

from provision.select import NothingSelected, Selection

STEPS = (
    Package("curl", tags=("base",)),
    Thing("daemon", tags=("net", "docker")),
    Thing("socket", tags=("docker",)),
    Package("nodejs", tags=("net", "node")),
)


def ids(**asked: object) -> list[str]:
    return [step.id for step in Selection(**asked).of(STEPS)]  # type: ignore[arg-type]


def test_an_empty_selection_is_everything() -> None:
    assert Selection().is_everything
    assert Selection().of(STEPS) == STEPS
    assert Selection().of(()) == ()


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({"only": "docker"}, ["thing:daemon", "thing:socket"]),
        ({"tags": ("net", "base")}, ["package:curl", "thing:daemon", "package:nodejs"]),
        ({"limit": ("package:nodejs", "package:curl")}, ["package:curl", "package:nodejs"]),
        ({"only": "docker", "tags": ("net",)}, ["thing:daemon"]),
    ],
    ids=["profile", "any-of-the-tags", "ids-in-declared-order", "all-parts-hold"],
)
def test_steps_are_chosen_by(asked: dict[str, object], chosen: list[str]) -> None:
    assert ids(**asked) == chosen


@pytest.mark.parametrize(
    ("asked", "what", "nearest"),
    [
        ({"only": "dokcer"}, "profile", "docker"),
        ({"tags": ("nett",)}, "tag", "net"),
        ({"limit": ("package:curll",)}, "step", "package:curl"),
        ({"limit": ("socket",)}, "step", "thing:socket"),
        ({"only": "zzz"}, "profile", ""),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    asked: dict[str, object], what: str, nearest: str
) -> None:
    with pytest.raises(NothingSelected) as caught:
        ids(**asked)
    assert (caught.value.what, caught.value.nearest) == (what, nearest)
    assert caught.value.exit_status == 2


def test_parts_that_no_step_meets_together_are_told() -> None:
    with pytest.raises(NothingSelected) as caught:
        ids(only="docker", tags=("base",))
    assert str(caught.value) == "No step is all of `docker`, `base`.\nName fewer of them."


def test_the_error_names_the_step_and_the_nearest() -> None:
    with pytest.raises(NothingSelected) as caught:
        ids(limit=("package:curll",))
    assert str(caught.value) == "No step is `package:curll`.\nDid you mean `package:curl`?"
