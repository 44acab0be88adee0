"""What `inv keys` and its verbs show: policies, decisions and the broker's state in rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from .columns import in_columns
from .key_settings import span

if TYPE_CHECKING:
    from guard.keys.audit import Entry
    from guard.keys.control import Explanation, OpenQuestion, ShownKey, Status
    from guard.keys.policy import KeyPolicy
    from guard.public_key import PublicKey

_RATES = ("sign", "login", "ask")


def policy_text(
    policy: KeyPolicy | None, keys: Sequence[PublicKey], while_: str, fault: str = ""
) -> str:
    """Return what a machine may do with keys; `keys` are those that are known here, for names."""
    if policy is None:
        return "this machine may use no key of yours (while = never)"
    comments = {key.fingerprint: key.comment for key in keys}
    rows = [("key", _key(name, comments, policy)) for name in policy.exposed]
    rows = rows or [("key", "none")]
    rows += [("sign", f"{space}: {verdict}") for space, verdict in policy.sign.items()]
    for host, verdict in policy.login.items():
        users = ", ".join(policy.users.get(host, ()))
        known = "" if policy.host_keys.get(host) else "; its host key is not known here, so: denied"
        bound = "; must be named in the request" if host in policy.hostbound else ""
        rows.append(("log in", f"{host} as {users}: {verdict}{bound}{known}"))
    rows.append(("else", "deny" if policy.unbound == "deny" else f"unbound: {policy.unbound}"))
    rates = (getattr(policy.rates, kind) for kind in _RATES)
    limits = (
        f"{kind} {rate.count}/{span(int(rate.per_s))}"
        for kind, rate in zip(_RATES, rates, strict=True)
    )
    rows.append(("at most", ", ".join(limits)))
    rows.append(("while", while_))
    rows.append(("agent", fault or ", ".join(policy.upstream) or "none"))
    return in_columns(rows)


def policy_data(policy: KeyPolicy | None) -> object:
    """Return the same for `--json`."""
    return msgspec.to_builtins(policy)


def _key(name: str, comments: dict[str, str], policy: KeyPolicy) -> str:
    uses = [
        word
        for word, names in (("signs", policy.sign_with), ("logs in", policy.login_with))
        if not names or name in names
    ]
    return f"{name} {comments.get(name, '')}".rstrip() + f": {', '.join(uses) or 'neither'}"


def entries_text(entries: Iterable[Entry]) -> str:
    """Return decisions in columns: when, whose, what, the verdict, why."""
    rows = [
        (
            entry.time.partition(".")[0].replace("T", " "),
            entry.project or "-",
            entry.kind,
            entry.target or "-",
            entry.verdict or "-",
            entry.reason + (f" (and {entry.repeated} more)" if entry.repeated else ""),
        )
        for entry in entries
    ]
    return in_columns(rows) if rows else ""


def status_text(status: Status) -> str:
    """Return what the broker holds."""
    head = ("MACHINE", "STATE", "SIGNED", "REFUSED", "OPEN", "KEYS")
    rows = [
        (
            one.project,
            one.fault or ("paused" if one.is_paused else "open"),
            str(one.signed),
            str(one.refused),
            str(one.connections),
            ", ".join(map(shown, one.keys)) or "none",
        )
        for one in status.projects
    ]
    about = f"broker {status.pid}, all paused" if status.is_paused else f"broker {status.pid}"
    return "\n".join(
        [f"{about}; log: {status.log}", *([in_columns([head, *rows])] if rows else [])]
    )


def pending_text(questions: Sequence[OpenQuestion], now: float) -> str:
    """Return the questions that wait for an answer."""
    rows = [(str(one.id), f"{max(0, now - one.since):.0f} s", one.text) for one in questions]
    return in_columns(rows) if rows else "nothing is asked"


def explanations_text(found: Sequence[Explanation]) -> str:
    """Return what would become of a request, for each key that the machine sees."""
    rows = [(shown(one.key), one.verdict, one.reason) for one in found]
    return in_columns(rows) if rows else "the machine sees no key, so: deny"


def shown(key: ShownKey) -> str:
    """Return a key as a person tells it from others."""
    own = " (the project's own)" if key.is_own else ""
    return f"{key.comment or key.fingerprint}{own}"


def plain(value: Any) -> Any:
    """Return a value of the broker's for `--json`."""
    return msgspec.to_builtins(value)
