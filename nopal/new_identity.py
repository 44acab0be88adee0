"""A new identity for a guest that began as a copy of another one and runs already.

Shell for root, which reads a seed in hex digits, and what it answers. cloud-init has given
the host name: each boot of Lima's is that of a new machine to it. What the guest's user keeps in
their home, logins included, stays.
"""

from __future__ import annotations

from collections.abc import Iterable

from guard.errors import GuardError
from guard.public_key import PublicKey, parse_public_key
from provision.shell import quote

from .anonymise import AGENT_IDS
from .rekey import RESEED

SCRIPT = f"""\
set -eu
# What keys are made of comes first: the copy began with the same seed.
rm -f /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
python3 -c {quote(RESEED)}
rm -f /etc/ssh/ssh_host_*
ssh-keygen -A >/dev/null
# A copy of it would be taken for the one that is wanted.
[ -L /var/lib/dbus/machine-id ] || rm -f /var/lib/dbus/machine-id
rm -f /etc/machine-id
systemd-machine-id-setup >/dev/null 2>&1
! command -v dbus-uuidgen >/dev/null || dbus-uuidgen --ensure
rm -f /var/lib/systemd/network/* /var/lib/dhcp/*
rm -f /var/lib/docker/engine-id /etc/docker/key.json
if command -v make-ssl-cert >/dev/null; then make-ssl-cert generate-default-snakeoil --force; fi
{AGENT_IDS}
systemctl restart systemd-journald
systemctl restart ssh
for key in /etc/ssh/ssh_host_*_key.pub; do echo "key $(cut -d ' ' -f 1,2 "$key")"; done
echo made
"""


def read_keys(lines: Iterable[str], machine: str) -> tuple[PublicKey, ...]:
    """Return the host keys in the script's answer; none when it did not get to its end."""
    told = list(lines)
    if "made" not in told:
        return ()
    where = f"the host key of `{machine}`"
    try:
        return tuple(
            parse_public_key(line.removeprefix("key "), where=where)
            for line in told
            if line.startswith("key ")
        )
    except GuardError:
        return ()
