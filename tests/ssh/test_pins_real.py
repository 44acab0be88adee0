"""What asks registries, with stand-ins for their clients and ports where nobody listens."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from nopal import pin_sources
from nopal.pin_sources import NotAnswered, get, on_this_host
from nopal.pins import NotKnown, Release
from profiles.pin import Pin

AGENT = Pin("agent", "1.2.3", registry="npm", package="@some/agent")


def newest_by(tmp_path: Path, script: str) -> Release | NotKnown:
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    return on_this_host(environ).newest(AGENT, "1.2.3")


def test_a_client_is_asked_where_no_settings_of_a_repo_are(tmp_path: Path) -> None:
    script = '[ -z "$(ls -A)" ] && [ "$(pwd)" != / ] && echo \'"1.3.0"\''
    assert newest_by(tmp_path, script) == Release("1.3.0")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo no such package >&2; exit 1", "npm could not say: no such package"),
        ("exit 3", "npm could not say: exit status 3"),
        ("echo '{}'", "what was said of @some/agent makes no sense"),
        ("echo '\"1.0.0-beta\"'", "no release of @some/agent is known"),
    ],
)
def test_a_client_that_cannot_say_is_quoted(tmp_path: Path, script: str, reason: str) -> None:
    assert newest_by(tmp_path, script) == NotKnown(reason)


def test_a_client_that_says_nothing_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pin_sources, "TIMEOUT_S", 0.1)
    assert newest_by(tmp_path, "exec sleep 60") == NotKnown("npm said nothing within 0.1 s")


def test_a_client_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = on_this_host({"PATH": str(tmp_path)}).newest(AGENT, "1.2.3")
    assert found == NotKnown("not asked: npm is not on this host")


def test_a_site_where_nobody_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotAnswered, match=f"127.0.0.1:{port} cannot be reached"):
        get(f"https://127.0.0.1:{port}/")
