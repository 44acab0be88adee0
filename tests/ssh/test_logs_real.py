from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

INV = Path(sys.executable).parent / "inv"
CHECKOUT = Path(__file__).parents[2]


def following(home: Path, *words: str) -> subprocess.Popen[str]:
    """Start `inv logs --follow` for a person whose state is in `home`."""
    environ = {**os.environ, "HOME": str(home), "NOPAL_HOME": str(home / "state")}
    return subprocess.Popen(
        [str(INV), "logs", "--follow", *words],
        cwd=CHECKOUT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_log_is_followed_while_it_grows_and_begins_anew_until_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / "state/logs/default.log"
    log.parent.mkdir(parents=True)
    log.write_text("before\nlast\n")
    with following(tmp_path, "--source=converge", "--lines=1", "-p", "default") as process:
        assert process.stdout
        assert process.stdout.readline() == "last\n"
        with log.open("a") as stream:
            stream.write("\x1b[2Jnew\n")
        assert process.stdout.readline() == "new\n"
        log.replace(log.with_name("default.log.1"))
        log.write_text("another\n")
        assert process.stdout.readline() == "another\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 130


def test_a_reader_that_has_had_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    log = tmp_path / "state/logs/default.log"
    log.parent.mkdir(parents=True)
    log.write_text("first\n" + "more\n" * 50_000)
    with following(tmp_path, "--source=converge", "--lines=0", "-p", "default") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "first\n"
        process.stdout.close()
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""
