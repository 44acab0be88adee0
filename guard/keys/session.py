"""What one connection has proven about where it leads: its `session-bind` messages, verified.

Follows OpenSSH's process_ext_session_bind (ssh-agent.c). A bind that fails spoils the connection:
nothing that is claimed later mends it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .host_signature import is_signed_by_host
from .protocol import SessionBind

MAX_BINDS = 16
Verify = Callable[[bytes, bytes, bytes], bool]
"""`verify(host key, signature, session id)`."""


@dataclass(frozen=True)
class Session:
    """The binds of one connection, in their order."""

    binds: tuple[SessionBind, ...] = ()
    is_spoiled: bool = False

    @property
    def login_bind(self) -> SessionBind | None:
        """The bind for a login; None when the client did not say where it logs in."""
        last = self.binds[-1] if self.binds else None
        return last if last is not None and not last.is_forwarding else None

    @property
    def forwarding_keys(self) -> tuple[bytes, ...]:
        """The host keys of all that the agent was forwarded to."""
        return tuple(bind.host_key for bind in self.binds if bind.is_forwarding)

    def spoiled(self) -> Session:
        """Return this session after a bind that did not hold."""
        return replace(self, is_spoiled=True)

    def bound(self, bind: SessionBind, verify: Verify = is_signed_by_host) -> Session:
        """Return this session after `bind`; see `is_spoiled` for whether it was taken."""
        if self.is_spoiled or self.login_bind is not None or self._contradicts(bind):
            return self.spoiled()
        if any(old.session_id == bind.session_id for old in self.binds):
            return self
        if len(self.binds) >= MAX_BINDS:
            return self.spoiled()
        if not verify(bind.host_key, bind.signature, bind.session_id):
            return self.spoiled()
        return replace(self, binds=(*self.binds, bind))

    def _contradicts(self, new: SessionBind) -> bool:
        return any(
            old.session_id == new.session_id and old.host_key != new.host_key for old in self.binds
        )
