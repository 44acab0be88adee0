# For an .envrc in the machine: `use nopal` gives what runs in that folder the secrets that nopal
# keeps in memory, those of the folder's repo included, and again when they change.
use_nopal() {
    watch_file /run/nopal/secrets/set
    [ ! -r /etc/nopal/secrets.sh ] || . /etc/nopal/secrets.sh
}
