"""A machine's memory is handed on: what is done to the guest before, and what to each that resumes.

A guest that resumes is the twin of the one that was put to sleep, and of all others that resumed
from it. `script` makes it one of its own, from randomness of the host and from the data that Lima
made for it, before anybody else gets at it. Shell for root.

What stays the same in twins until their next boot: the addresses at which the kernel and the
programs that never stopped are in memory, and the MAC, which no other machine can see.
"""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from guard.errors import GuardError
from guard.public_key import PublicKey, parse_public_key
from provision.shell import quote

from .machine_errors import MachineError

_ASLEEP = "/run/nopal-asleep"
_CIDATA = "/mnt/lima-cidata"
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
SEED_BYTES = 64
_HOST = "host-key:"
_KEEP_ADDRESS = "network: {version: 2, ethernets: {%s: {addresses: [%s]}}}\\n"


class Runs(Protocol):
    """What can run a script in the guest."""

    def run(self, script: str, on_line: Callable[[str], None], *, secret: str = "") -> int:
        """Run it as the login user; what is `secret` is a line on its standard input."""


@dataclass(eq=False)
class NotRekeyed(MachineError):
    """A guest could not be put to sleep, or not be made one of its own after it resumed."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True)
class Credentials:
    """What lets us, and nobody else, into a guest that was put to sleep."""

    private_key: str
    """In OpenSSH's form."""
    host_key: PublicKey


_SYSTEM = "dbus|getty|lima-guestagent|polkit|serial-getty|ssh|systemd-|user@"

# The pool takes the seed and uses it at once, for all programs that ask from now on.
RESEED = """\
import fcntl, struct, sys
RNDADDENTROPY, RNDRESEEDCRNG = 0x40085203, 0x5207
seed = bytes.fromhex(sys.stdin.readline())
with open("/dev/urandom", "wb", buffering=0) as pool:
    fcntl.ioctl(pool, RNDADDENTROPY, struct.pack("ii", 8 * len(seed), len(seed)) + seed)
    fcntl.ioctl(pool, RNDRESEEDCRNG)
"""


def quiet(guest: Runs) -> Credentials:
    """Make a guest ready to be put to sleep, and return what lets us in when it resumes.

    Raises:
        NotRekeyed: that failed.
    """
    # Made here: whoever finds it in the memory of one twin could get into the next.
    with TemporaryDirectory() as place:
        key = Path(place) / "key"
        subprocess.run(
            ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "asleep", "-f", str(key)),
            check=True,
        )
        public, private = key.with_suffix(".pub").read_text(), key.read_text()
    lines = _as_root(guest, quieting_script(public.strip()))
    return Credentials(private, _host_key(lines))


def rekey(guest: Runs, *, authorized_key: str) -> PublicKey:
    """Make a guest that has resumed one of its own; return its new host key.

    `authorized_key` is the line of the key that may log in from now on.

    Raises:
        NotRekeyed: that failed; it is still the twin of others.
    """
    seed = secrets.token_hex(SEED_BYTES)
    return _host_key(_as_root(guest, script(time.time(), authorized_key), seed))


def quieting_script(authorized_key: str) -> str:
    """Return the shell that makes a guest ready to be put to sleep."""
    return f"""\
set -eu
mkdir -m 700 {_ASLEEP}
# What has ids or random numbers in mind starts anew in each that resumes.
systemctl list-units --type=service --state=running --plain --no-legend | awk '{{print $1}}' |
    grep -vE '^({_SYSTEM})' > {_ASLEEP}/services || true
xargs -r systemctl stop < {_ASLEEP}/services
rm -f /var/lib/docker/engine-id /etc/docker/key.json
rm -f /var/lib/containerd/io.containerd.grpc.v1.introspection/uuid
rm -f /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem
# The disc with Lima's data is another one then, of another size.
umount {_CIDATA}
disc=$(readlink -f /sys/block/sr0/device)
basename "$disc" | tr : ' ' > {_ASLEEP}/disc
echo 1 > "$disc/delete"
loginctl list-sessions --no-legend | awk '!/manager/ {{print $1}}' > {_ASLEEP}/sessions
home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
echo {quote(authorized_key)} > "$home/.ssh/authorized_keys"
echo {_HOST} "$(cat {_HOST_KEY}.pub)"
fstrim --all
sync
echo 3 > /proc/sys/vm/drop_caches
"""


def script(now: float, authorized_key: str) -> str:
    """Return the shell that makes a guest its own; it reads a line of hex digits, the seed.

    `now` is the host's clock, in seconds since 1970.
    """
    return f"""\
set -eu
# Nowhere else, whatever happens.
[ -d {_ASLEEP} ]
date --set=@{now:.3f} > /dev/null
python3 -c {quote(RESEED)}
home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
echo {quote(authorized_key)} > "$home/.ssh/authorized_keys"

# What Lima made for this machine.
read -r host rest < {_ASLEEP}/disc
echo "$rest" > "/sys/class/scsi_host/host$host/scan"
for _ in $(seq 50); do [ ! -e /dev/disk/by-label/cidata ] || break; sleep 0.1; done
mount -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 /dev/disk/by-label/cidata {_CIDATA}
while read -r line; do [ -z "$line" ] || export "${{line?}}"; done < {_CIDATA}/lima.env
{_CIDATA}/boot.Linux/09-host-dns-setup.sh 2> /dev/null &
dns=$!
name=$(sed -n 's/^local-hostname: //p' {_CIDATA}/meta-data)
zone=$(sed -n 's/^timezone: //p' {_CIDATA}/user-data)

# Names.
old=$(sed 's/[.]/\\\\&/g' /etc/hostname)
sed -i "s/\\b$old\\b/$name/g" /etc/hosts
echo "$name" > /etc/hostname
echo "$name" > /proc/sys/kernel/hostname
tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id
[ ! -f /var/lib/dbus/machine-id ] || [ -L /var/lib/dbus/machine-id ] ||
    cp /etc/machine-id /var/lib/dbus/machine-id
cat /proc/sys/kernel/random/uuid > /run/nopal-boot-id
chmod 444 /run/nopal-boot-id
mount --bind /run/nopal-boot-id /proc/sys/kernel/random/boot_id
if [ -n "$zone" ]; then
    ln -sfn "/usr/share/zoneinfo/$zone" /etc/localtime
    [ ! -f /etc/timezone ] || echo "$zone" > /etc/timezone
fi

# Keys.
rm -f /etc/ssh/ssh_host_* /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
ssh-keygen -q -t ed25519 -N '' -C "root@$name" -f {_HOST_KEY}
/usr/lib/systemd/systemd-random-seed save

# QEMU's DHCP server has given the sleeper's address to the MAC that is in memory. When the guest
# boots again without a new QEMU, it has its own MAC and gets another one, where no forward leads.
device=$(ip -4 route show default | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)
address=$(ip -4 -o address show dev "$device" scope global | awk '{{print $4; exit}}')
if [ -d /etc/netplan ] && [ -n "$address" ]; then
    (umask 077; printf '{_KEEP_ADDRESS}' "$device" "$address" > /etc/netplan/60-nopal.yaml)
fi

# To cloud-init the next boot is a first one.
rm -rf /var/lib/cloud/instance /var/lib/cloud/instances/* /var/lib/cloud/data/* /var/lib/cloud/sem/*
rm -f /run/cloud-init/instance-data*.json
rm -f /var/log/cloud-init*.log

# Everybody who knew the old names, or has to know the new ones.
xargs -r -n1 loginctl terminate-session < {_ASLEEP}/sessions 2> /dev/null || true
systemctl restart --no-block lima-guestagent
# See anonymise.py.
[ ! -f /etc/systemd/system/nopal-snakeoil.service ] || systemctl start nopal-snakeoil
xargs -r systemctl start --no-block < {_ASLEEP}/services
# Not in the background: the next login has to find the new key.
systemctl restart ssh systemd-journald
# The old journal goes after who wrote it: it would come back.
for folder in /var/log/journal /run/log/journal; do
    [ ! -d "$folder" ] || find "$folder" -mindepth 1 -maxdepth 1 \
        ! -name "$(cat /etc/machine-id)" -exec rm -rf {{}} +
done
wait "$dns"
rm -rf {_ASLEEP}
echo {_HOST} "$(cat {_HOST_KEY}.pub)"
# What was lost in a crash of the host would be a twin again.
sync
# Lima waits for these.
echo "$LIMA_CIDATA_IID" > /run/lima-ssh-ready
echo "$LIMA_CIDATA_IID" > /run/lima-boot-done
"""


def _as_root(guest: Runs, shell: str, secret: str = "") -> Sequence[str]:
    lines: list[str] = []
    status = guest.run(f"sudo -n sh -c {quote(shell)}", lines.append, secret=secret)
    if status != 0:
        raise NotRekeyed(lines[-1] if lines else f"exit status {status}")
    return lines


def _host_key(lines: Sequence[str]) -> PublicKey:
    try:
        return parse_public_key(_answer(lines))
    except GuardError as error:
        raise NotRekeyed(str(error)) from error


def _answer(lines: Sequence[str]) -> str:
    for line in lines:
        if line.startswith(f"{_HOST} "):
            return line.removeprefix(f"{_HOST} ")
    raise NotRekeyed("the guest did not tell its host key")
