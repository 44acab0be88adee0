"""`code`, `cursor`, `zed` and `ssh-config`: the machines for editors and other programs by SSH."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from invoke import Context, Exit, Task

from ..editors import EDITORS, Editor
from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from pathlib import Path

    from ..ssh_include import SshInclude
    from ..workspace import Workspace

_INSTALL = "nopal ssh-config --install"


@verb(
    name="ssh-config",
    auto_shortflags=False,  # elsewhere -p is a project
    help={
        "install": "let ssh know the machines: includes nopal's file in ~/.ssh/config",
        "remove": "take that out of ~/.ssh/config again",
        "print": "print the hosts themselves",
        "yes": "do not ask",
    },
)
def ssh_config(
    c: Context,
    install: bool = False,
    remove: bool = False,
    print: bool = False,
    yes: bool = False,
) -> None:
    """Make each machine a host `nopal-NAME` for ssh, git and editors; shows how that stands."""
    if install + remove + print > 1:
        raise Exit("give one of --install, --remove and --print", 2)
    workspace = open_workspace(c)
    workspace.ssh_hosts.write(workspace.states)
    include = _include(workspace)
    if print:
        sys.stdout.write(include.hosts.read_text(encoding="utf-8"))
    elif remove:
        was_there = include.remove()
        sys.stderr.write(f"{include.file}: {'taken out' if was_there else 'nothing to take out'}\n")
    elif install and not include.is_there:
        _install(include, may=yes)
    else:
        known = "includes" if include.is_there else f"does not include (to do it: {_INSTALL})"
        sys.stdout.write(f"{include.file} {known} {include.hosts}\n")


def editor_task(editor: Editor) -> Task[Any]:
    """Return the verb that opens a machine in `editor`."""

    def start(c: Context, project: str = "", dir: str = "") -> None:
        _open(c, editor, project, dir)

    start.__name__ = editor.program
    start.__doc__ = f"Open the project in {editor.title}, which works in the machine over SSH.\n"
    return verb(
        help={"project": PROJECT, "dir": "a folder of the machine; else the project's directory"}
    )(start)


VERBS = tuple(editor_task(editor) for editor in EDITORS)


def _open(c: Context, editor: Editor, project: str, directory: str) -> None:
    import shutil  # noqa: PLC0415 - a listing does not need it

    from guard.host_keys import alias  # noqa: PLC0415

    from ..editors import EditorMissing, guest_path  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415

    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(project))
    program = shutil.which(editor.program, path=workspace.environ.get("PATH"))
    if program is None:
        raise EditorMissing(editor)
    include = _include(workspace)
    if not include.is_there:
        _install(include, may=False)
    address = standing.ready()
    _check_key(address.identity_file)
    workspace.ssh_hosts.write(workspace.states)
    path = guest_path(directory or standing.directory, address.user)
    command = [program, *editor.arguments(alias(standing.project.name), path)]
    raise Exit(code=subprocess.run(command, env=dict(workspace.environ), check=False).returncode)


def _include(workspace: Workspace) -> SshInclude:
    from ..ssh_include import SshInclude  # noqa: PLC0415

    return SshInclude(workspace.paths.user_home / ".ssh" / "config", workspace.ssh_hosts.file)


def _install(include: SshInclude, *, may: bool) -> None:
    from ..host_setup import confirm  # noqa: PLC0415

    sys.stderr.write(f"{include.file} would begin with:\n{include.block.text}")
    if not may and not (sys.stdin.isatty() and confirm("Put it there?")):
        raise Exit(f"ssh does not know the machines yet; let it: {_INSTALL} --yes", 1)
    include.install()
    sys.stderr.write(f"{include.file}: ssh now knows each machine as nopal-NAME\n")


def _check_key(key: Path | None) -> None:
    if key is not None and not os.access(key, os.R_OK):
        raise Exit(f"the machine's key {key} is not yours to read: it was made by another user", 1)
