"""Mounting the folders of a running machine again, after the connection that carried them ended.

Lima mounts them once, when a machine starts. What it gave its own servers is taken from its agent's
environment: which `sftp-server` it found, and whose repos keep their hooks.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from lima.instance import Instance, InstanceMount
from lima.process import Identity, connect, run

# A mount whose server went away answers nothing, and cannot be mounted over.
_SSHFS = """\
if mountpoint -q {target} 2>/dev/null && ls {target}/ >/dev/null 2>&1; then exit; fi
sudo -n umount -l {target} 2>/dev/null
sudo -n mkdir -p {target}
exec sshfs {source} {target} -o slave{ro} -o allow_other,cache=no"""
_MOST_TRIES = 30


def mount_again(folder: Path, instance: Instance, person: Identity | None) -> None:
    """Mount what `instance` has over SSH and is gone, by the master in its `folder`."""
    config = instance.config
    if config is None or config.mount_type != "reverse-sshfs" or not config.mounts:
        return
    environment = _environment(instance.host_agent_pid)
    if "PATH" not in environment:
        return  # no agent of Lima's: only a boot gives it one
    ssh = ("ssh", "-F", "/dev/null", "-o", f"ControlPath={folder / 'ssh.sock'}", instance.name)
    for mount in config.mounts:
        serving = ("sftp-server", "-e", "-d", mount.location.replace("%", "%%"))
        reading = () if mount.writable else ("-R",)
        connect(
            (*serving, *reading),
            (*ssh, "--", _script(mount)),
            environment=environment,
            run_as=person,
        )
        _wait(ssh, mount.mount_point or mount.location, person)


def _script(mount: InstanceMount) -> str:
    target = shlex.quote(mount.mount_point or mount.location)
    source = shlex.quote(f":{mount.location}")
    script = _SSHFS.format(target=target, source=source, ro="" if mount.writable else " -o ro")
    return f"exec sh -c {shlex.quote(script)}"


def _wait(ssh: tuple[str, ...], target: str, person: Identity | None) -> None:
    """Wait until the folder is there, or for so long that it will not come."""
    words = shlex.quote(target)
    look = f"for _ in $(seq {_MOST_TRIES}); do mountpoint -q {words} && exit; sleep 1; done"
    run((*ssh, "--", look), run_as=person)


def _environment(pid: int) -> dict[str, str]:
    """Return the environment of a process of this computer; empty where it cannot be had."""
    try:
        text = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in text.split("\0") if "=" in entry)
    return {name: value for name, _, value in pairs}
