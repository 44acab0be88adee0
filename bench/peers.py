"""nopal and the tools it is compared with, each in a virtual environment of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .server import HOST
from .tools import ROOT, Case, Installation, Tool


@dataclass(frozen=True)
class Venv:
    """A virtual environment with pinned packages."""

    name: str
    packages: tuple[str, ...]


VENVS = (
    Venv("ansible", ("ansible-core==2.19.14", "mitogen==0.3.54")),
    Venv("pyinfra", ("pyinfra==3.10.0",)),
    Venv("bundlewrap", ("bundlewrap==5.2.0",)),
)


IN_PACKAGE = ("pyproject.toml", "README.md", "LICENSE")
ROOMS = ("nopal", "lima", "guard", "profiles", "provision")


def install_nopal(place: Path, scratch: Path, say: Callable[[str], None]) -> Installation:
    """Install the checkout as a person would have it; return the checkout where that fails.

    Peers are measured as installed packages: compiled, and in an environment with nothing else.
    """
    source = scratch / "source"
    source.mkdir()
    for name in IN_PACKAGE:
        shutil.copy(ROOT / name, source)
    for name in ROOMS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    reason = _install(place / "nopal", (str(source),))
    if reason:
        say(f"nopal is run from the checkout: it could not be installed: {reason}")
        return Installation()
    return Installation(str(place / "nopal/bin/python"), "")


def install(place: Path, say: Callable[[str], None]) -> tuple[Tool, ...]:
    """Make the environments below `place` unless they are there; return the tools that are."""
    tools: list[Tool] = []
    for venv in VENVS:
        reason = _install(place / venv.name, venv.packages)
        if reason:
            say(f"without {venv.name}: {' '.join(venv.packages)} is not to be had: {reason}")
        else:
            tools += _tools(venv.name, place / venv.name)
    return tuple(tools)


def _install(venv: Path, packages: tuple[str, ...]) -> str:
    """Return why it could not be made, or nothing."""
    marker = venv / "packages.txt"
    wanted = "\n".join(packages)
    if marker.is_file() and marker.read_text() == wanted:
        return ""
    for words in (
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        [str(venv / "bin/pip"), "install", "--quiet", *packages],
    ):
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
        if ended.returncode:
            return (ended.stderr.strip() or ended.stdout.strip()).rpartition("\n")[2]
    marker.write_text(wanted)
    return ""


def _tools(name: str, venv: Path) -> tuple[Tool, ...]:
    if name == "ansible":
        program = str(venv / "bin/ansible-playbook")

        def play(_case: Case) -> tuple[str, ...]:
            return (program, "-i", f"{HOST},", "-e", "@case.json", "playbook.yml")

        strategies = next(venv.glob("lib/*/site-packages/ansible_mitogen/plugins/strategy"))
        return (
            Tool("ansible, pipelined, warm master", "ansible", play, _ansible),
            Tool(
                "ansible, mitogen",
                "ansible",
                play,
                lambda case: (
                    _ansible(case)
                    | {
                        "ANSIBLE_STRATEGY": "mitogen_linear",
                        "ANSIBLE_STRATEGY_PLUGINS": str(strategies),
                        "ANSIBLE_SSH_ARGS": f"-F {case.link.ssh_config}",
                    }
                ),
            ),
        )
    if name == "pyinfra":
        program = str(venv / "bin/pyinfra")
        return (
            Tool("pyinfra -y", "pyinfra", lambda _: (program, "-y", "inventory.py", "deploy.py")),
        )
    program = str(venv / "bin/bw")
    return (
        Tool(
            "bundlewrap, warm master", "bundlewrap", lambda _: (program, "apply", HOST), _bundlewrap
        ),
    )


def _ansible(case: Case) -> dict[str, str]:
    ssh = f"-F {case.link.ssh_config}"
    return {
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_REMOTE_USER": "root",
        "ANSIBLE_SSH_ARGS": f"{ssh} -o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(case.link.masters),
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_HOME": str(case.link.server.place / "home"),
        "ANSIBLE_NOCOWS": "1",
    }


def _bundlewrap(case: Case) -> dict[str, str]:
    words = (
        f"-F {case.link.ssh_config} -o ControlMaster=auto -o ControlPersist=60s"
        f" -o ControlPath={case.link.masters}/bundlewrap"
    )
    return {"BW_SSH_ARGS": words, "BW_SCP_ARGS": words, "BW_IDENTITY": "bench"}
