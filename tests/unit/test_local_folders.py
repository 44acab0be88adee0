"""`nmlocal` as it is put into machines, as far as it needs no machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.guest import Guest
from profiles.guest_nmlocal import (
    Local,
    Mount,
    Refused,
    escaped,
    host_folders,
    placed,
    unescaped,
    unit_of,
    wanted,
)
from profiles.mounted import mounted
from provision import File

MOUNTINFO = r"""
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
60 22 0:45 / /home/ann/my\040code rw,nosuid shared:9 - fuse.sshfs :/home/ann/my\040code rw
61 60 0:46 / /home/ann/my\040code/é ro shared:9 - virtiofs mount0 ro
62 60 254:1 /var/x /home/ann/my\040code/a/node_modules rw - ext4 /dev/vda1 rw
"""


def test_folders_of_the_host_are_found_the_deepest_first() -> None:
    found = host_folders(MOUNTINFO)
    assert found == [Path("/home/ann/my code/é"), Path("/home/ann/my code")]


def test_lock_files_ask_for_folders_beside_them(tmp_path: Path) -> None:
    for name in (
        "package-lock.json",
        "api/uv.lock",
        "api/core/Cargo.lock",
        "node_modules/x/yarn.lock",
        ".hidden/yarn.lock",
        "a/b/c/d/yarn.lock",
        "site/next.config.mjs",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {str(path.relative_to(tmp_path)) for path in wanted(tmp_path)}
    assert found == {"node_modules", "api/.venv", "api/core/target", "site/.next"}


def test_a_unit_is_started_with_the_hosts_folder_and_only_where_the_project_is() -> None:
    local = Local(Path("/code/50% é/node_modules"), "code-50.mount")
    text = local.unit_text(Mount(Path("/code"), "code.mount"))
    assert "Where=/code/50%% é/node_modules\n" in text
    assert "ConditionPathIsDirectory=/code/50%% é\n" in text
    assert "What=/var/lib/nopal/local/code-50\n" in text
    assert text.count("=code.mount\n") == 3


@pytest.mark.parametrize("folder", ["{tmp}", "{tmp}/..", "/etc/x", "{tmp}/none/x", "{tmp}/link"])
def test_what_cannot_be_the_machines_own_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(Refused):
        placed(Path(folder.format(tmp=tmp_path)), [tmp_path])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/code/my app é/a-b", r"srv-code-my\x20app\x20\xc3\xa9-a\x2db"),  # systemd-escape's
        ("/.x/.y", r"\x2ex-.y"),
        (r"/a\b", r"a\x5cb"),
    ],
)
def test_paths_are_written_as_systemd_does(path: str, name: str) -> None:
    assert escaped(path) == name
    assert unescaped(name) == path


def test_a_name_that_systemd_does_not_take_is_refused() -> None:
    with pytest.raises(Refused, match="takes no such name"):
        unit_of(Path("/code/a\nb"))


def test_a_machine_without_mounts_has_no_word_for_it() -> None:
    assert list(mounted(Guest(name="blog"))) == []
    steps = mounted(Guest(name="dev", mounts=("/code",)))
    assert "/usr/local/bin/nmlocal" in {step.path for step in steps if isinstance(step, File)}


def test_programs_look_for_changes_in_mounted_folders_alone() -> None:
    guest = Guest(name="dev", mounts=("/code", "/home/ann/skills"), shell="fish", polls=True)
    texts = {step.path: step.content for step in mounted(guest) if isinstance(step, File)}
    script = str(texts["/etc/profile.d/nopal-watch.sh"])
    assert 'case "$PWD/" in /code/* | /home/ann/skills/*) export CHOKIDAR_USEPOLLING=1 ' in script
    fish = str(texts["/etc/fish/conf.d/nopal-watch.fish"])
    assert "case '/code/*' '/home/ann/skills/*'\n    set -gx CHOKIDAR_USEPOLLING 1\n" in fish
    still = mounted(Guest(name="dev", mounts=("/code",)))
    assert not [step for step in still if isinstance(step, File) and b"export" in _bytes(step)]


def _bytes(step: File) -> bytes:
    return step.content if isinstance(step.content, bytes) else step.content.encode()
