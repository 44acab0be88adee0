"""`cp`: files between this computer and a machine."""

from __future__ import annotations

from invoke import Context, Exit

from .open import open_workspace
from .verb import verb


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
    address = standing.ready()
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
