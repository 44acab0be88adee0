"""`cp` and `fetch`: files and commits between this computer and a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Context, Exit

from .open import open_workspace
from .verb import PROJECT, verb

if TYPE_CHECKING:
    from pathlib import Path

    from ..standing import Standing


@verb(
    positional=["source", "dest"],
    auto_shortflags=False,
    help={
        "source": "a file or folder here, or in a machine: blog:code/x, :code/x for the one here",
        "dest": "where it goes, the same way; one of both is in a machine",
        "git": "take `.git` out of a machine too, with the hooks and settings in it",
        "follow": "take what links in a machine lead to, in place of leaving them out",
    },
)
def cp(c: Context, source: str, dest: str, git: bool = False, follow: bool = False) -> None:
    """Copy a file or folder out of a machine, or into it; brings it up if needed."""
    from ..copying.ends import read_ends  # noqa: PLC0415
    from ..copying.guest import pack_script, unpack_script  # noqa: PLC0415
    from ..copying.run import bring, give  # noqa: PLC0415
    from ..copying.tally import Tally  # noqa: PLC0415
    from ..ssh_command import ssh_command  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415

    copy = read_ends(source, dest)
    workspace = open_workspace(c)
    standing = Standing(workspace, workspace.project(copy.project))
    name = standing.project.name
    address = standing.reached()
    with workspace.reporter(name) as reporter:
        with workspace.screen.activity(f"{name}: copying", tells_end=False) as tell:
            tally = Tally(tell)
            if copy.source.project is not None:
                script = pack_script(copy.source, follows_links=follow)
                command = ssh_command(address, script=script)
                status = bring(command, name, copy, tally, takes_git=git)
            else:
                command = ssh_command(address, script=unpack_script(copy.dest))
                status = give(command, name, copy, tally)
        for line in tally.lines:
            reporter.tell(line)
        reporter.tell(f"copied {tally.summary}")
    if status:
        raise Exit(code=status)


@verb(
    help={
        "project": PROJECT,
        "repo": "which clone, by its folder in ~/code; else the one of the repo you stand in",
        "dir": "a repo elsewhere in the machine",
    }
)
def fetch(c: Context, project: str = "", repo: str = "", dir: str = "") -> None:
    """Bring the commits of the machine's clone into the repo you stand in, to be read."""
    from guard.host_keys import alias  # noqa: PLC0415

    from ..copying.receive import room_in  # noqa: PLC0415
    from ..editors import guest_path  # noqa: PLC0415
    from ..fetching import Fetching, told  # noqa: PLC0415
    from ..resolve import find_repo_root  # noqa: PLC0415
    from ..standing import Standing  # noqa: PLC0415

    workspace = open_workspace(c)
    root = find_repo_root(workspace.cwd)
    if root is None:
        raise Exit("no git repo is here: stand in the one that shall get the commits", 2)
    standing = Standing(workspace, workspace.project(project))
    clone = dir or _clone_of(standing, root, repo)
    address = standing.reached()
    workspace.ssh_hosts.write(workspace.states)
    name = standing.project.name
    remote = alias(name)
    url = f"{remote}:{guest_path(clone, address.user)}"
    fetching = Fetching(root, remote, url, workspace.ssh_hosts.file, workspace.environ)
    with workspace.screen.activity(f"{name}: fetching {clone}", tells_end=False):
        branches = fetching.run(name, room_in(root))
    for line in told(remote, branches):
        workspace.screen.line(f"{name}: {line}")


def _clone_of(standing: Standing, root: Path, repo: str) -> str:
    """Return the machine's clone of the repo at `root`, or the one called `repo`."""
    from ..origin import origin_of  # noqa: PLC0415
    from ..remote_url import normalise, without_password  # noqa: PLC0415

    if repo:
        return standing.clone(repo)
    origin = origin_of(root, standing.workspace.environ)
    found = standing.clone_of(normalise(origin)) if origin else None
    if found is None:
        raise Exit(
            f"{standing.project.name} has no clone of this repo"
            f" ({without_password(origin) or 'it has no origin'}); name one of its own: --repo",
            2,
        )
    return found
