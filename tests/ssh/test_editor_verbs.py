"""`ssh-config` and the editors' verbs as a person types them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from answering import Answering
from sshd import Sshd


@pytest.fixture
def ann(sshd: Sshd, tmp_path: Path) -> Answering:
    return Answering.at(tmp_path / "ann", sshd)


def test_nothing_of_the_persons_is_changed_without_a_yes(ann: Answering) -> None:
    told = ann.type("ssh-config", "--install", status=1)
    assert "ssh-config --install --yes" in told.stderr
    assert not (ann.home / ".ssh").exists()
    assert "does not include" in ann.type("ssh-config").stdout


def test_an_install_lasts_until_it_is_removed(ann: Answering) -> None:
    ann.type("ssh-config", "--install", "--yes")
    config = ann.home / ".ssh/config"
    assert f'Include "{ann.home}/.nopal/ssh/config"' in config.read_text()
    assert "Host nopal-blog\n" in ann.type("ssh-config", "--print").stdout
    ann.type("ssh-config", "--remove")
    assert not config.exists()
    ann.type("ssh-config", "--remove", "--print", status=2)


def test_an_editor_is_opened_on_the_projects_folder(ann: Answering, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "code").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n')
    (programs / "code").chmod(0o755)
    assert "palette" in ann.type("code", "-p", "blog", status=1).stderr
    path = f"{programs}:/usr/bin:/bin"
    ann = replace(ann, environ={"PATH": path})
    assert "ssh-config --install" in ann.type("code", "-p", "blog", status=1).stderr
    ann.type("ssh-config", "--install", "--yes")
    told = ann.type("code", "-p", "blog", "--dir=/srv/data", status=7)
    assert told.stdout == "--remote\nssh-remote+nopal-blog\n/srv/data\n"
