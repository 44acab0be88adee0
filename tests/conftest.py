from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A slow machine is no failure: properties are about answers, not about times.
settings.register_profile("nopal", deadline=None)
settings.load_profile("nopal")


@pytest.fixture(scope="session", autouse=True)
def heeded_interrupts() -> Iterator[None]:
    """Let programs hear Ctrl-C as at a terminal; started in the background they would ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
