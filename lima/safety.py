"""Whether a machine that exists is as safe as its spec: what Lima says of it, compared.

The template alone proves nothing: Lima merges defaults and overrides into it, and a person can edit
the file of a machine. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from lima.errors import UnsafeInstance
from lima.instance import Instance, InstanceConfig, InstancePortForward
from lima.spec import MachineSpec, PortForward

_FIRST, _LAST = 1, 65535
_SFTP = "openssh-sftp-server"
"""What Lima calls the program of that name: `lima.mounts` is what it finds."""
_OWN_SCRIPT = """\
#!/bin/sh
echo 'ssh_deletekeys: false' >/etc/cloud/cloud.cfg.d/90-nopal.cfg
"""
_SSHFS_SCRIPT = """\
[ -x /usr/bin/sshfs ] || exit 0
cat >/usr/local/bin/sshfs <<'END'
#!/bin/sh
# Put here by nopal: a link that holds .. is shown as it is.
if /usr/bin/sshfs --help 2>&1 | grep -q no_contain_symlinks; then
  exec /usr/bin/sshfs "$@" -o no_contain_symlinks
fi
exec /usr/bin/sshfs "$@"
END
chmod 755 /usr/local/bin/sshfs
"""


def assert_safe(instance: Instance, spec: MachineSpec) -> None:
    """Compare a machine with its spec.

    Raises:
        UnsafeInstance: it differs; every difference is listed.
    """
    found = tuple(differences(instance, spec))
    if found:
        raise UnsafeInstance(instance.name, found)


def carries_agent(instance: Instance, spec: MachineSpec) -> bool:
    """Whether Lima carries the machine's agent into it, from its start on."""
    rules = instance.config.port_forwards if instance.config is not None else None
    agent = _agent(spec)
    return agent is not None and agent in (rules or ())


def differences(instance: Instance, spec: MachineSpec) -> Iterator[str]:
    """Yield, in words, whatever the machine has that its spec does not grant."""
    config = instance.config
    if config is None:
        yield "Lima cannot read its configuration"
        return
    yield from _of_the_host(config, spec)
    yield from _ports(config, spec)
    yield from _login(config, spec)
    files = sorted(config.ca_certs.files or ())
    if files != sorted(str(file) for file in spec.ca_files) or config.ca_certs.certs:
        yield f"its extra certificate authorities are {files or 'written into it'}"
    own = {("system", _OWN_SCRIPT)}
    if spec.mounts_by_sshfs:
        own.add(("boot", _SSHFS_SCRIPT))
    others = [step.mode for step in config.provision or () if (step.mode, step.script) not in own]
    if others:
        yield f"it runs scripts of somebody else at boot ({', '.join(others)})"


def _of_the_host(config: InstanceConfig, spec: MachineSpec) -> Iterator[str]:
    mounts = sorted(
        (mount.location, mount.mount_point or mount.location, bool(mount.writable))
        for mount in config.mounts or ()
    )
    wanted = sorted((str(mount.location), mount.target, mount.writable) for mount in spec.mounts)
    if mounts != wanted:
        shown = ", ".join(f"{place}{' (writable)' if w else ''}" for place, _, w in mounts)
        yield f"it mounts {shown or 'nothing'} of the host"
    drivers = {mount.sshfs.sftp_driver for mount in config.mounts or ()}
    if spec.mounts_by_sshfs and (config.mount_type, drivers) != ("reverse-sshfs", {_SFTP}):
        yield "more than the mounted folders is served to it"
    statements = {
        "Lima forwards the SSH agent": config.ssh.forward_agent,
        "X11 is forwarded": config.ssh.forward_x11 or config.ssh.forward_x11_trusted,
        "your own SSH keys open it": config.ssh.load_dot_ssh_pub_keys,
        "the host's proxy settings are in it": config.propagate_proxy_env,
        "environment variables are set in it": bool(config.env),
        "files are copied to the host": bool(config.copy_to_host),
        "it has another network": bool(config.networks),
        "it has more disks": bool(config.additional_disks),
        "containerd is on": config.containerd.system or config.containerd.user,
    }
    yield from (text for text, is_so in statements.items() if is_so)


def _ports(config: InstanceConfig, spec: MachineSpec) -> Iterator[str]:
    # A machine that has no agent yet, from before there was one, has less than was asked.
    agent = _agent(spec)
    rules = [rule for rule in config.port_forwards or () if rule != agent]
    wanted = [_listed(forward) for forward in spec.forwards]
    if spec.denies_other_ports:
        wanted.append(_DENY_ALL)
    if rules != wanted:
        yield f"its ports follow {len(rules)} rules that are not those of the project"


def _agent(spec: MachineSpec) -> InstancePortForward | None:
    """Return the rule by which Lima carries the machine's agent into it."""
    if spec.agent_socket is None:
        return None
    return InstancePortForward(
        guest_port_range=(_FIRST, _LAST),
        guest_socket=spec.guest_agent_socket,
        host_socket=str(spec.agent_socket),
        reverse=True,
    )


def _listed(forward: PortForward) -> InstancePortForward:
    return InstancePortForward(
        guest_ip="0.0.0.0",  # noqa: S104 (in the guest: any address it listens on)
        guest_port_range=(forward.guest, forward.guest),
        host_port_range=(forward.host, forward.host),
        proto="tcp",
    )


_DENY_ALL = InstancePortForward(
    guest_ip="0.0.0.0",  # noqa: S104
    guest_port_range=(_FIRST, _LAST),
    host_port_range=(_FIRST, _LAST),
    ignore=True,
)


def _login(config: InstanceConfig, spec: MachineSpec) -> Iterator[str]:
    user = (config.user.name, config.user.uid, config.user.home)
    if user != (spec.user, spec.uid, spec.home):
        yield f"its user is {config.user.name} ({config.user.uid}, {config.user.home})"
