"""The server of a mounted folder as it is installed, under a real SFTP client."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from lima.mounts.install import folder, install

pytestmark = pytest.mark.skipif(not shutil.which("sftp"), reason="no sftp on this host")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("key")
    code = tmp_path / "my code"
    (code / "deep/er").mkdir(parents=True)
    (code / "deep/er/file").write_text("one\n" * 100_000)
    (code / "out").symlink_to(tmp_path)
    for number in range(250):
        (code / f"many-{number}").touch()
    return code


def sftp(
    code: Path, tmp_path: Path, *commands: str, flags: str = ""
) -> subprocess.CompletedProcess[str]:
    """Type `commands` to OpenSSH's client; a `-` before one lets it go on after an error."""
    install(tmp_path / "tools")
    server = folder(tmp_path / "tools") / "sftp-server"
    program = f"{server} -e -d {shlex.quote(str(code))} {flags}"
    return subprocess.run(
        ["sftp", "-b", "-", "-D", program],
        input="".join(f"{command}\n" for command in commands),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_client_reads_writes_renames_and_lists(code: Path, tmp_path: Path) -> None:
    done = sftp(
        code,
        tmp_path,
        "get deep/er/file got",
        "put got deep/new",
        "rename deep/new deep/newer",
        "mkdir d",
        "ln -s deep/newer link",
        "ln deep/newer hard",
        "chmod 600 deep/newer",
        "df",
        "ls -1",
        "rm hard",
        "rmdir d",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (code / "deep/newer").read_text() == (code / "deep/er/file").read_text()
    assert (code / "deep/newer").stat().st_mode & 0o777 == 0o600
    assert (code / "link").readlink() == Path("deep/newer")
    assert done.stdout.count("many-") == 250


def test_a_hostile_client_gets_nothing_else(code: Path, tmp_path: Path) -> None:
    done = sftp(
        code,
        tmp_path,
        f"-get {tmp_path}/secret one",
        "-get ../secret two",
        "-get out/secret three",
        "-get /etc/passwd four",
        f"-put /etc/hostname {tmp_path}/secret",
        f"-rm {tmp_path}/secret",
        f"-ln {tmp_path}/secret mine",
    )
    assert done.returncode == 0
    assert (tmp_path / "secret").read_text() == "key"
    assert not [name for name in ("one", "two", "three", "four") if (tmp_path / name).exists()]
    assert not (code / "mine").exists()


def test_a_read_only_folder_stays_as_it_is(code: Path, tmp_path: Path) -> None:
    done = sftp(code, tmp_path, "put secret new", flags="-R")
    assert done.returncode == 1
    assert "Permission denied" in done.stderr
    assert not (code / "new").exists()
