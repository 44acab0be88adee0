"""What is alike in the guests of all machines."""

from __future__ import annotations

UID = 1000
AGENT_SOCKET = f"/run/user/{UID}/nopal-agent.sock"
"""Where a machine's SSH agent is in the guest: in the folder of its user, which only they enter."""
