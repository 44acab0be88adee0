from __future__ import annotations

from dataclasses import dataclass, field

from lima.errors import LimactlMissing
from nopal.doctor.examine import Result, as_data, as_lines, examine
from nopal.doctor.finding import Check, Finding, Subject, good


@dataclass
class Lamp:
    """Something that is wrong until it is mended."""

    is_on: bool = False
    breaks: bool = False
    looks: list[bool] = field(default_factory=list)

    def look(self) -> Finding:
        self.looks.append(self.is_on)
        return good("on") if self.is_on else Finding(False, "off", "turn it on", self.turn_on)

    def turn_on(self) -> None:
        if self.breaks:
            raise OSError("the switch is stuck")
        self.is_on = True


def results(check: Check, *, mends: bool = False) -> list[Result]:
    return list(examine([Subject("this computer", (check,))], mends=mends))


def test_looking_mends_nothing() -> None:
    lamp = Lamp()
    (result,) = results(Check("lamp", lamp.look))
    assert not result.finding.ok
    assert lamp.looks == [False]
    assert not lamp.is_on


def test_what_can_be_mended_is_mended_and_looked_at_again() -> None:
    lamp = Lamp()
    (result,) = results(Check("lamp", lamp.look), mends=True)
    assert result.is_mended
    assert lamp.looks == [False, True]
    assert list(as_lines(result)) == ["mended  lamp: on"]


def test_mending_that_fails_leaves_the_fault_and_says_why() -> None:
    (result,) = results(Check("lamp", Lamp(breaks=True).look), mends=True)
    assert not result.is_mended
    assert result.finding.says == "off; mending failed: the switch is stuck"
    assert result.finding.fix == "turn it on"


def test_what_is_well_is_not_mended() -> None:
    lamp = Lamp(is_on=True, breaks=True)
    (result,) = results(Check("lamp", lamp.look), mends=True)
    assert result.finding == good("on")
    assert not result.is_mended


def test_an_error_of_a_room_is_what_the_check_found() -> None:
    def look() -> Finding:
        raise LimactlMissing

    (result,) = results(Check("limactl", look))
    assert result.finding.says == "There is no limactl (Lima 2.2.0 or newer) on this host."
    assert result.finding.fix == "Run `inv setup`."


def test_a_fault_is_shown_with_its_fix_below_it() -> None:
    (result,) = results(Check("lamp", lambda: Finding(False, "off", "turn it on\nor wait")))
    assert list(as_lines(result)) == [
        "wrong   lamp: off",
        "        → turn it on",
        "          or wait",
    ]


def test_what_a_guest_says_cannot_rule_the_terminal_nor_the_json() -> None:
    (result,) = results(Check("lamp", lambda: good("on\x1b[2J")))
    assert list(as_lines(result)) == ["ok      lamp: on [2J"]
    assert as_data([result])[0]["says"] == "on [2J"
