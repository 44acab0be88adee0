"""Ctrl-C and second commands, on real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nopal.lock import PATIENT, locked

CHECKOUT = Path(__file__).parents[2]
ENDS_WITHIN_S = 60
DEAF = "trap '' INT TERM; echo begun >&2; while :; do sleep 1; done"
"""A program that no polite signal ends."""
PROGRAM = """
    import os
    from lima.process import run
    from nopal.interrupt import leaving
    from nopal.many import for_each
    from nopal.tasks.verb import verb
    from invoke import Collection, Program


    def say(text):
        os.write(1, text.encode() + b"\\n")


    def work(name):
        with leaving(say, "half of it is there"):
            run(("sh", "-c", {script!r}), on_line=say)


    @verb()
    def up(c):
        for_each({names!r}, str, work)


    Program(namespace=Collection(up)).run(["inv", "up"])
"""


def interrupted(script: str, names: list[str]) -> tuple[int, str]:
    """Interrupt one process, not its group, while it waits for `script`; return how it ended."""
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM).format(script=script, names=names)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            for _name in names:
                assert process.stdout.readline() == "begun\n"
            os.kill(process.pid, signal.SIGINT)
            said, _ = process.communicate(timeout=ENDS_WITHIN_S)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, said


@pytest.mark.parametrize("script", ["echo begun >&2; exec sleep 600", DEAF], ids=["polite", "deaf"])
@pytest.mark.parametrize("names", [["one"], ["one", "two"]], ids=["alone", "several"])
def test_an_interrupt_ends_what_is_waited_for_and_says_what_it_leaves(
    script: str, names: list[str]
) -> None:
    mark = f": {os.getpid()} {len(names)} {len(script)}; "
    status, said = interrupted(mark + script, names)
    assert status == 130
    assert said.endswith("interrupted; the next run goes on from here\n")
    assert ("interrupted: half of it is there" in said) == (len(names) == 1)
    left = subprocess.run(["pgrep", "-f", "--", mark], capture_output=True, text=True, check=False)
    assert left.stdout == ""


def test_a_program_with_a_group_of_its_own_goes_on(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    own = f"echo $$ >{told}; echo begun >&2; exec sleep 600 2>/dev/null"
    background = f"setsid sh -c '{own}' >/dev/null & wait"
    status, _said = interrupted(background, ["one"])
    assert status == 130
    os.kill(int(told.read_text()), signal.SIGKILL)


def nopal(home: Path, *words: str) -> subprocess.Popen[str]:
    projects = home / "projects.toml"
    projects.write_text("[projects.blog]\n")
    environ = {**os.environ, "NOPAL_HOME": str(home), "NOPAL_CONFIG": str(projects)}
    return subprocess.Popen(
        [sys.executable, "-m", "invoke", *words, "-p", "blog"],
        cwd=CHECKOUT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("verb", ["up", "down", "destroy", "restart", "provision"])
def test_a_second_command_that_may_not_wait_fails_at_once_and_says_for_whom(
    tmp_path: Path, verb: str
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    yes = ["--yes"] if verb == "destroy" else []
    with (
        locked(state / ".blog.lock", lambda _holder: None, "up"),
        nopal(tmp_path, verb, "--no-wait", *yes) as second,
    ):
        _, said = second.communicate(timeout=ENDS_WITHIN_S)
    assert second.returncode == 1
    assert re.search(
        rf"the machine blog is in use by `inv up` \(pid {os.getpid()}, since \d\d:\d\d:\d\d\)\n"
        "without `--no-wait` this command waits for it",
        said,
    ), said


def test_a_second_command_waits_says_for_whom_and_ends_at_an_interrupt(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with (
        locked(tmp_path / "state" / ".blog.lock", lambda _holder: None, "bake"),
        nopal(tmp_path, "down") as second,
    ):
        assert second.stderr is not None
        said = second.stderr.readline()
        second.send_signal(signal.SIGINT)
        second.wait(ENDS_WITHIN_S)
    assert said.startswith("blog: the machine blog is in use, waiting for `inv bake` (pid ")
    assert second.returncode == 130


def test_a_lock_whose_holder_is_not_known_is_a_lock_all_the_same(tmp_path: Path) -> None:
    said: list[str] = []
    path = tmp_path / "lock"
    script = f"import fcntl,sys; f=open({str(path)!r},'w'); fcntl.flock(f,2); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()

        def tell(text: str) -> None:
            said.append(text)
            assert other.stdin is not None
            other.stdin.close()

        with locked(path, PATIENT.told("it", tell)):
            pass
    assert said == ["it is in use, waiting for another nopal command"]
