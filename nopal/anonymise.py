"""What makes a guest itself, taken out of it: each machine that begins from its disk makes its own.

Shell for root, run as the last thing before a machine is stopped and kept: afterwards nobody can
log in until a boot has made new host keys and let Lima's key in again.
"""

from __future__ import annotations

_HOST_KEYS = "/etc/ssh/ssh_host_*"
_REMOVED = (
    # Who may log in, and whom the users trust: Lima and nopal say both anew.
    "/root/.ssh /home/*/.ssh/authorized_keys /home/*/.ssh/known_hosts*",
    # What cloud-init did for this instance, to be done again for the next.
    "/var/lib/cloud/*",
    "/var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret",
    "/var/lib/systemd/network/* /var/lib/dhcp/*",
    "/var/lib/docker/engine-id /etc/docker/key.json",
    "/etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem",
    # What was typed and said.
    "/root/.*_history /home/*/.*_history /root/.lesshst /home/*/.lesshst /root/.viminfo"
    " /home/*/.viminfo /home/*/.local/share/fish/fish_history",
    "/var/log/journal/* /run/log/journal/* /var/log/*.gz /var/log/*.1 /var/mail/* /var/crash/*",
    # What can be fetched again.
    # Not all of ~/.cache: some programs keep there what was installed, such as browsers.
    *(f"/root/.cache/{name} /home/*/.cache/{name}" for name in ("pip", "uv", "go-build", "yarn")),
    "/root/.npm /home/*/.npm /var/cache/apt/*.bin /var/cache/man/*",
    "/tmp/* /tmp/.[!.]* /var/tmp/* /var/tmp/.[!.]*",  # noqa: S108 - the guest's
)

# Claude and Codex count installations by a random number that they make when they first run.
AGENT_IDS = """\
for file in /home/*/.claude.json /root/.claude.json; do
    [ -f "$file" ] || continue
    jq 'del(.userID, .machineID, .anonymousId, .firstStartTime)' "$file" > "$file.new"
    cat "$file.new" > "$file"
    rm -f "$file.new"
done
rm -f /home/*/.codex/installation_id /root/.codex/installation_id"""

# Until the next boot: what is said at the shutdown is not kept.
_NO_JOURNAL = """\
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\\nStorage=none\\n' > /run/systemd/journald.conf.d/90-nopal.conf
systemctl restart systemd-journald"""

# Debian's certificate for tests is made by the package `ssl-cert` when it is installed.
_SNAKEOIL = """\
if command -v make-ssl-cert >/dev/null; then
    cat > /etc/systemd/system/nopal-snakeoil.service <<'END'
[Unit]
Description=A test certificate of this machine's own
ConditionPathExists=!/etc/ssl/private/ssl-cert-snakeoil.key
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target

[Service]
Type=oneshot
ExecStart=/usr/sbin/make-ssl-cert generate-default-snakeoil

[Install]
WantedBy=sysinit.target
END
    systemctl enable --quiet nopal-snakeoil.service
fi"""


def script() -> str:
    """Return the shell that takes out what is this guest's alone, and frees unused blocks."""
    removed = "\n".join(f"rm -rf {paths}" for paths in _REMOVED)
    return f"""\
set -eu
! command -v docker >/dev/null || systemctl stop docker.socket docker
{_NO_JOURNAL}
# It writes a seed when it stops: now, and not when the machine does.
systemctl stop systemd-random-seed
{_SNAKEOIL}
{AGENT_IDS}
apt-get clean
find /var/log -type f -exec truncate -s 0 {{}} +
rm -f {_HOST_KEYS}
{removed}
truncate -s 0 /etc/machine-id
sync
fstrim --all"""
