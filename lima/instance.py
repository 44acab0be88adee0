"""What limactl says of a machine: `limactl list --json`, decoded.

Unknown keys are Lima's to add; a key that nopal reads and that has another type is an error.
"""

from __future__ import annotations

import msgspec

from lima.errors import UnreadableAnswer


class _Lima(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Lima's JSON: camel case, and empty values left out."""


class InstanceSshfs(_Lima, frozen=True):
    """How a folder is served over SSH."""

    sftp_driver: str = ""


class InstanceMount(_Lima, frozen=True):
    """A folder of the host inside the guest."""

    location: str
    mount_point: str | None = None
    writable: bool | None = None
    sshfs: InstanceSshfs = InstanceSshfs()


class InstancePortForward(_Lima, frozen=True):
    """One rule of Lima's port forwarding, with its defaults filled in."""

    guest_ip: str = msgspec.field(default="127.0.0.1", name="guestIP")
    guest_ip_must_be_zero: bool = msgspec.field(default=False, name="guestIPMustBeZero")
    guest_port_range: tuple[int, int] = (0, 0)
    guest_socket: str = ""
    host_ip: str = msgspec.field(default="127.0.0.1", name="hostIP")
    host_port_range: tuple[int, int] = (0, 0)
    host_socket: str = ""
    proto: str = "any"
    reverse: bool = False
    ignore: bool = False


class InstanceSsh(_Lima, frozen=True):
    """How Lima reaches the guest."""

    load_dot_ssh_pub_keys: bool = msgspec.field(default=False, name="loadDotSSHPubKeys")
    forward_agent: bool = False
    forward_x11: bool = False
    forward_x11_trusted: bool = False


class InstanceContainerd(_Lima, frozen=True):
    """Lima's own container runtime, which nopal never asks for."""

    system: bool = False
    user: bool = True


class InstanceUser(_Lima, frozen=True):
    """The person's login in the guest."""

    name: str = ""
    uid: int = -1
    home: str = ""
    shell: str = ""


class InstanceProvision(_Lima, frozen=True):
    """A script or file that Lima brings in at each boot."""

    mode: str = ""
    script: str = ""


class InstanceCaCerts(_Lima, frozen=True):
    """Extra certificate authorities."""

    files: list[str] | None = None
    certs: list[str] | None = None


class InstanceConfig(_Lima, frozen=True):
    """The parts of a machine's filled-in lima.yaml that nopal reads."""

    mounts: list[InstanceMount] | None = None
    mount_type: str = ""
    port_forwards: list[InstancePortForward] | None = None
    ssh: InstanceSsh = InstanceSsh()
    containerd: InstanceContainerd = InstanceContainerd()
    user: InstanceUser = InstanceUser()
    ca_certs: InstanceCaCerts = InstanceCaCerts()
    provision: list[InstanceProvision] | None = None
    copy_to_host: list[msgspec.Raw] | None = None
    networks: list[msgspec.Raw] | None = None
    additional_disks: list[msgspec.Raw] | None = None
    env: dict[str, str] | None = None
    propagate_proxy_env: bool = True
    timezone: str = ""


class Instance(_Lima, frozen=True):
    """One machine, running or not."""

    name: str
    dir: str
    status: str = ""
    vm_type: str = ""
    arch: str = ""
    cpus: int = 0
    memory: int = 0
    """Bytes."""
    disk: int = 0
    """Bytes the guest sees; what it takes on the host is `LimaDriver.disk_in_use`."""
    ssh_local_port: int = msgspec.field(default=0, name="sshLocalPort")
    host_agent_pid: int = msgspec.field(default=0, name="hostAgentPID")
    """The process of Lima that looks after it; 0 while there is none."""
    protected: bool = False
    errors: tuple[object, ...] = ()
    """What Lima says is wrong: sentences, or objects of its own making."""
    config: InstanceConfig | None = None

    @property
    def is_running(self) -> bool:
        """Whether it runs; it may still be booting."""
        return self.status == "Running"

    @property
    def is_broken(self) -> bool:
        """Whether Lima finds it half there: half running, or without a readable lima.yaml."""
        return self.status not in {"Running", "Stopped"}


def decode(output: str) -> tuple[Instance, ...]:
    """Return the machines in the output of `limactl list --json`: one JSON object a line.

    Raises:
        UnreadableAnswer: it is anything else.
    """
    decoder = msgspec.json.Decoder(Instance)
    try:
        return tuple(decoder.decode(line) for line in output.splitlines() if line.strip())
    except msgspec.DecodeError as error:
        raise UnreadableAnswer("list --json", str(error)) from error
