"""A memory on its way to a file and back, with a real QEMU in which nothing runs."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lima.errors import QmpFailed, ResumeFailed
from lima.memory import load, save
from lima.qmp import Qmp
from lima.sleepers import INCOMING
from nopal import rekey

QEMU = shutil.which("qemu-system-x86_64") or ""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwfPTXMuJLI1qVPtjHbAeEs72kuhZsikV20J2veREED"
Start = Callable[..., Path]


@pytest.fixture
def place() -> Iterator[Path]:
    # Not pytest's tmp_path: it is too long for a socket.
    with tempfile.TemporaryDirectory(prefix="nopal-") as folder:
        yield Path(folder)


@pytest.fixture
def start(place: Path) -> Iterator[Start]:
    """Return what starts a small machine in a folder of that name."""
    if not QEMU:
        pytest.skip("no qemu-system-x86_64 on this host")
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, *options: str, memory: str = "16") -> Path:
        folder = place / name
        folder.mkdir()
        machine = ("-machine", "pc", "-accel", "tcg", "-m", memory, "-nodefaults", "-S")
        files = ("-qmp", f"unix:{folder}/qmp.sock,server=on,wait=off", "-pidfile", "qemu.pid")
        command = (QEMU, *machine, "-display", "none", *files, *options)
        running.append(subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 60
        while not (folder / "qmp.sock").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return folder

    yield start
    for process in running:
        process.kill()
        process.wait()


def never() -> bool:
    return False


def test_a_machine_goes_on_where_another_was_put_to_sleep(start: Start, place: Path) -> None:
    memory = place / "memory"
    kept = save(start("one"), memory)
    assert memory.stat().st_size > 0
    seen = []
    two = start("two", *INCOMING)
    load(two, memory, lambda *facts: seen.append(facts), never)
    assert seen == [kept]
    with Qmp(two / "qmp.sock") as qmp:
        status = qmp.execute("query-status")
    assert isinstance(status, dict)
    assert status["status"] == "running"


def test_what_was_put_to_sleep_has_ended(start: Start, place: Path) -> None:
    one = start("one")
    save(one, place / "memory")
    with pytest.raises((OSError, QmpFailed)), Qmp(one / "qmp.sock"):
        pass


def test_a_memory_for_another_machine_is_refused_before_it_is_loaded(
    start: Start, place: Path
) -> None:
    version, command = save(start("one"), place / "memory")

    def check(*facts: object) -> None:
        assert facts != (version, command)
        raise ResumeFailed("changed")

    with pytest.raises(ResumeFailed, match="changed"):
        load(start("two", *INCOMING, memory="32"), place / "memory", check, never)


def test_a_damaged_memory_is_an_error(start: Start, place: Path) -> None:
    (place / "memory").write_bytes(b"x" * 100)
    with pytest.raises(ResumeFailed):
        load(start("two", *INCOMING), place / "memory", lambda *_: None, never)


def test_a_machine_that_never_starts_is_not_waited_for(place: Path) -> None:
    (place / "memory").touch()
    with pytest.raises(ResumeFailed, match="did not start"):
        load(place, place / "memory", lambda *_: None, lambda: True)


@pytest.mark.parametrize("said", [b"", b"rubbish\n", b'{"event": "X"}\n'])
def test_somebody_else_at_the_socket_is_an_error(place: Path, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place / "qmp.sock"))
        server.listen()

        def answer() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(QmpFailed), Qmp(place / "qmp.sock"):
            pass
        thread.join()


@pytest.mark.parametrize("script", [rekey.quieting_script(KEY), rekey.script(0.5, KEY)])
def test_the_scripts_are_sound_shell(script: str) -> None:
    done = subprocess.run(
        ["shellcheck", "--shell=sh", "-"], input=script, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""


def test_the_key_to_a_sleeper_is_made_on_the_host_and_only_its_public_half_goes_in() -> None:
    scripts: list[str] = []

    class Guest:
        def run(self, script: str, on_line: Callable[[str], None], *, secret: str = "") -> int:
            scripts.append(script)
            on_line(f"host-key: {KEY}")
            return 0

    first, second = rekey.quiet(Guest()), rekey.quiet(Guest())
    assert first.private_key.startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert first.private_key != second.private_key
    assert "PRIVATE KEY" not in "".join(scripts)
    assert "ssh-ed25519 " in scripts[0]
