#!/bin/sh
# nopal: called by tmux with the name of a session whose agent has ended, or that was closed. It is
# not started again at boot, unless it ended because the machine goes down.
case $(systemctl is-system-running 2>/dev/null) in
running | degraded | starting | maintenance)
    again=$HOME/.local/state/nopal/again/$1
    rm -f -- "$again" "$again.id" "$again.new.id"
    ;;
esac
