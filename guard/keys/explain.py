"""Says what would become of a request that nobody has made yet. Pure.

A login is taken to prove its host as far as can be: what a real client leaves out may still refuse.
"""

from __future__ import annotations

from guard.errors import GuardError
from guard.public_key import parse_public_key

from .decide import Decision, decide
from .exposed import AgentKey
from .policy import KeyPolicy
from .protocol import SessionBind
from .session import Session
from .signed_data import Login, Message, SignedData

_SESSION = bytes(32)


def explain(
    policy: KeyPolicy, key: AgentKey, *, host: str = "", user: str = "", namespace: str = ""
) -> Decision:
    """Return the decision on a signature in `namespace`, else on a login as `user` to `host`."""
    if namespace:
        return decide(policy, key, Message(namespace, "sha512", bytes(64)), Session())
    if host not in policy.login:
        return Decision("login", f"{user}@{host}", "deny", f"`{host}` is not among the hosts")
    for line in policy.host_keys.get(host, ()):
        try:
            blob = parse_public_key(line).blob
        except GuardError:
            continue
        data: SignedData = Login(_SESSION, user, blob)
        session = Session((SessionBind(blob, _SESSION, b"", is_forwarding=False),))
        return decide(policy, key, data, session)
    return Decision("login", f"{user}@{host}", "deny", f"no host key of `{host}` is known")
