#!/bin/sh
# nopal: run at boot by systemd, as the login user. Starts the agents' sessions that ran when the
# machine stopped; each has a script beside its name that does it.
cd "$HOME/.local/state/nopal/again" 2>/dev/null || exit 0
for again in *; do
    case $again in
    '*' | *.id) ;;
    *) bash "$PWD/$again" "$again" || echo "the session $again did not start" >&2 ;;
    esac
done
