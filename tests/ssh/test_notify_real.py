from __future__ import annotations

import os
from pathlib import Path

import pytest

from nopal.notify import Notifier


def test_the_program_on_path_gets_the_texts_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "notify-send"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "${0%/*}/shown"\n')
    program.chmod(0o755)
    times = iter([0.0, 60.0])
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    notifier = Notifier(environ, system="Linux", clock=lambda: next(times))
    monkeypatch.setenv("PATH", environ["PATH"])
    assert notifier.ended("nopal: blog", "$(id) `id` 'up'")
    shown = (tmp_path / "shown").read_text().splitlines()
    assert shown == ["--app-name=nopal", "--", "nopal: blog", "$(id) `id` 'up'"]
