"""The files that a built image has beside its packages: what keeps its boots short and its keys."""

from __future__ import annotations

UPDATE_CA_PATH = "/usr/local/sbin/update-ca-certificates"

# Lima needs these modules of cloud-init; the others only cost time, seconds each when emulated.
_CLOUD_CONFIG = """\
datasource_list: [ NoCloud, None ]
ssh_deletekeys: false
no_ssh_fingerprints: true
ssh: {emit_keys_to_console: false}
cloud_init_modules: [bootcmd, write_files, growpart, resizefs, set_hostname, update_hostname,
  ca_certs, users_groups, ssh]
cloud_config_modules: [timezone]
cloud_final_modules: [scripts_per_boot]
"""

# cloud-init has the list of authorities made anew at every boot, and the real program starts 950
# processes for it: 20 s emulated on an idle host, minutes on a busy one. This one stands before it
# on PATH. The stamp, made when the image is built, lists what the present bundle was made of.
_UPDATE_CA = """\
#!/bin/sh
# Put here by nopal: does what /usr/sbin/update-ca-certificates does, and calls it, unless nothing
# has changed or certificates were only added to /usr/local/share/ca-certificates.
set -eu
local=/usr/local/share/ca-certificates
certs=/etc/ssl/certs
stamp=/var/lib/ca-certificates.nopal
now=$(mktemp)
trap 'rm -f "$now"' EXIT
find /etc/ca-certificates.conf /usr/share/ca-certificates "$local" -type f -exec sha256sum {} + |
  sort >"$now"

all_anew() {
  /usr/sbin/update-ca-certificates "$@"
  cp "$now" "$stamp"
  exit 0
}

[ $# = 0 ] && [ -s "$stamp" ] && [ -s "$certs/ca-certificates.crt" ] || all_anew "$@"
cmp -s "$stamp" "$now" && exit 0
[ -z "$(comm -23 "$stamp" "$now")" ] || all_anew
[ -z "$(find /etc/ca-certificates/update.d -type f 2>/dev/null)" ] || all_anew
added=$(comm -13 "$stamp" "$now" | cut -c67-)
for file in $added; do
  case $file in
  *[!A-Za-z0-9._/-]*) all_anew ;;
  "$local"/*.crt) ;;
  *) all_anew ;;
  esac
done
cp "$certs/ca-certificates.crt" "$certs/.ca-certificates.new"
for file in $added; do
  ln -sf "$file" "$certs/$(basename "$file" .crt).pem"
  sed '$a\\' "$file" >>"$certs/.ca-certificates.new"
done
chmod 644 "$certs/.ca-certificates.new"
mv "$certs/.ca-certificates.new" "$certs/ca-certificates.crt"
openssl rehash "$certs" >/dev/null 2>&1
cp "$now" "$stamp"
"""

FILES = {
    "/etc/cloud/cloud.cfg.d/95-nopal-image.cfg": _CLOUD_CONFIG,
    "/etc/fstab": "LABEL=root / ext4 defaults,x-systemd.growfs 0 1\n",
    "/etc/systemd/resolved.conf.d/95-nopal.conf": "[Resolve]\nLLMNR=no\n",
    UPDATE_CA_PATH: _UPDATE_CA,
    # What Lima's boot scripts would write at the first boot, at the price of a restart and a
    # reload; they leave a file alone that is there with this content.
    "/etc/systemd/resolved.conf.d/00-lima-enable-mdns.conf": "[Resolve]\nMulticastDNS=yes\n\n",
    "/etc/sysctl.d/99-lima.conf": (
        "kernel.unprivileged_userns_clone=1\n"
        "net.ipv4.ping_group_range = 0 2147483647\n"
        "net.ipv4.ip_unprivileged_port_start=0\n"
    ),
}

_MASKED = (
    "proc-sys-fs-binfmt_misc.automount systemd-binfmt.service e2scrub_all.timer "
    "e2scrub_reap.service apt-daily.timer apt-daily-upgrade.timer"
)


def customise_script() -> str:
    """Return the script that finishes the image's tree; its only argument is the root directory."""
    files = "\n".join(_written(path, text) for path, text in FILES.items())
    return f"""\
set -eu
root=$1
{files}
chmod 755 "$root{UPDATE_CA_PATH}"
chroot "$root" {UPDATE_CA_PATH}
for unit in {_MASKED}; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
chroot "$root" systemctl enable -q systemd-networkd systemd-resolved systemd-timesyncd ssh
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf"
ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
printf '' > "$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id"
"""


def _written(path: str, text: str) -> str:
    folder = path.rpartition("/")[0]
    return f'mkdir -p "$root{folder}"\ncat > "$root{path}" <<\'END\'\n{text}END'
