"""The live lines on a real pseudo-terminal."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nopal.screen import LiveScreen, Screen, screen_for

SHOWS_CURSOR = "\x1b[?25h"


class Terminal:
    """What a person's terminal received."""

    def __init__(self) -> None:
        self.text = ""

    @contextmanager
    def screen(self) -> Iterator[Screen]:
        master, slave = os.openpty()
        with os.fdopen(slave, "w", encoding="utf-8") as stream:
            yield screen_for(stream)
        while chunk := _read(master):
            self.text += chunk
        os.close(master)


def _read(master: int) -> str:
    try:
        return os.read(master, 65536).decode(errors="replace")
    except OSError:  # Linux's way to say that nobody holds the other end
        return ""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_a_terminal_gets_live_lines_and_its_cursor_back(terminal: Terminal) -> None:
    with terminal.screen() as screen:
        assert isinstance(screen, LiveScreen)
        with screen.activity("blog: starting [bold]") as update:
            update("booting [red]the\x1b[2J kernel")
            time.sleep(0.3)
        screen.line("blog: up")
    assert "blog: starting [bold]" in terminal.text
    assert "booting [red]the [2J kernel" in terminal.text
    assert terminal.text.rindex(SHOWS_CURSOR) < terminal.text.rindex("blog: up")


def test_several_machines_share_one_screen(terminal: Terminal) -> None:
    with terminal.screen() as screen:

        def work(name: str) -> None:
            with screen.activity(f"{name}: starting"):
                time.sleep(0.2)

        threads = [threading.Thread(target=work, args=(name,)) for name in ("blog", "shop")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "blog: starting: done in" in terminal.text
    assert "shop: starting: done in" in terminal.text


def test_an_activity_that_fails_gives_the_cursor_back_too(terminal: Terminal) -> None:
    with terminal.screen() as screen, pytest.raises(ValueError, match="broken"):  # noqa: SIM117
        with screen.activity("blog: starting"):
            raise ValueError("broken")
    assert SHOWS_CURSOR in terminal.text
    assert "done in" not in terminal.text
