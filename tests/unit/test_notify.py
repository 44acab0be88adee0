from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from guard.command import Completed
from nopal.notify import Notifier, command


@dataclass
class Desktop:
    """Where notifications are shown."""

    status: int = 0
    shown: list[Sequence[str]] = field(default_factory=list)

    def run(self, argv: Sequence[str], env: Mapping[str, str], *, timeout_s: float) -> Completed:
        self.shown.append(argv)
        return Completed(self.status, "", "")


def notified(desktop: Desktop, took_s: float) -> bool:
    times = iter([100.0, 100.0 + took_s])
    notifier = Notifier({}, system="Linux", run=desktop.run, clock=lambda: next(times))
    return notifier.ended("nopal: blog", "up")


def test_long_work_is_told_of_and_short_work_is_not() -> None:
    desktop = Desktop()
    assert notified(desktop, 31)
    assert not notified(desktop, 29)
    assert desktop.shown == [["notify-send", "--app-name=nopal", "--", "nopal: blog", "up"]]


@pytest.mark.parametrize("status", [1, 124, 127])
def test_a_computer_without_a_desktop_is_no_fault(status: int) -> None:
    assert not notified(Desktop(status), 31)


def test_a_text_is_never_markup_an_option_or_a_line_more() -> None:
    *_front, dashes, title, text = command("Linux", "-x\n<b>", "<img src=x>&\x1b[2J" + "y" * 500)
    assert dashes == "--"
    assert title == "-x <b>"
    assert text.startswith("&lt;img src=x&gt;&amp; [2J")
    assert len(text) < 230


def test_on_macos_a_text_is_an_argument_and_no_part_of_the_script() -> None:
    evil = '" & (do shell script "id") & "'
    words = command("Darwin", "nopal", evil)
    assert words[0] == "osascript"
    assert words[-1] == evil
    assert all("do shell script" not in word for word in words[:-1])
