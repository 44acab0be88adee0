"""A home with a real tmux and agents of no intellect, in place of a machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nopal.agent_states import AgentSession, judge
from nopal.session_look import SCRIPT, Look, read_look
from nopal.sessions import Session, detached_script, read_detached
from profiles.catalogue import load
from profiles.data import read_data

FAKE = Path(__file__).with_name("fake_agent.sh")
SOON_S = 20


@dataclass(frozen=True)
class Guest:
    """A home with a tmux server of its own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMUX_TMPDIR": str(self.home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }

    def run(self, script: str, *, status: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-c", script],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def tmux(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-L", "nopal", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def start(self, session: Session) -> tuple[str, str] | None:
        return read_detached(self.run(detached_script(session)).splitlines())

    def type(self, line: str, session: str = "claude") -> None:
        self.tmux("send-keys", "-t", f"={session}:", "-l", line)
        self.tmux("send-keys", "-t", f"={session}:", "Enter")

    def look(self) -> Look:
        look = read_look(self.run(SCRIPT).splitlines())
        assert look
        return look

    def sessions(self) -> dict[str, AgentSession]:
        found = judge(self.look(), lambda name: load()[name].agent)
        return {session.name: session for session in found}

    def becomes(
        self, state: str, session: str = "claude", *, detail: str | None = None
    ) -> AgentSession:
        """Wait until the session is in `state`, with that `detail` if one is given; return it.

        A look may fall between what a hook tells and what the screen shows.
        """
        until = time.monotonic() + SOON_S
        while True:
            found = self.sessions().get(session)
            if found and found.state == state and detail in (None, found.detail):
                return found
            assert time.monotonic() < until, f"{found} and not {state}: {self.screen(session)}"
            time.sleep(0.1)

    def end_server(self) -> None:
        """End tmux with all sessions, and wait for its end."""
        server = int(self.tmux("display-message", "-p", "#{pid}"))
        os.kill(server, signal.SIGKILL)
        until = time.monotonic() + SOON_S
        while _runs(server):
            assert time.monotonic() < until
            time.sleep(0.05)

    def screen(self, session: str = "claude") -> str:
        return self.tmux("capture-pane", "-p", "-t", f"={session}:")

    def shows(self, text: str, session: str = "claude") -> None:
        """Wait until `text` is on the session's screen."""
        until = time.monotonic() + SOON_S
        while text not in self.screen(session):
            assert time.monotonic() < until, self.screen(session)
            time.sleep(0.1)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def agent_guest() -> Iterator[Guest]:
    """Yield a home in which `claude` and `codex` are agents that do as they are told."""
    with tempfile.TemporaryDirectory(prefix="guest") as place:
        home = Path(place)
        programs = home / "bin"
        programs.mkdir()
        for name in ("claude", "codex"):
            shutil.copy(FAKE, programs / name)
            (programs / name).chmod(0o755)
        hook = home / "hook"
        hook.write_text(read_data("agent-state.sh"))
        hook.chmod(0o755)
        profile = f"PATH={programs}:$PATH\nexport HOOK={hook}\n"
        (home / ".bash_profile").write_text(profile)
        (home / "code").mkdir()
        found = Guest(home)
        yield found
        subprocess.run(
            ["tmux", "-L", "nopal", "kill-server"],
            env=found.environment,
            capture_output=True,
            check=False,
        )
