"""Which ssh-agent of the host to use, and the public keys that it holds.

Asks an agent for its list only: nothing here signs, adds or removes, so nothing prompts.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from guard.errors import GuardError, printable
from guard.keys.peer import is_by_another
from guard.public_key import PublicKey, key_from_blob
from guard.wire import MalformedMessage, Reader, string

SSH_AGENTC_REQUEST_IDENTITIES = 11
SSH_AGENT_IDENTITIES_ANSWER = 12
MAX_MESSAGE_BYTES = 256 * 1024
MAX_KEYS = 2048
"""Both limits are OpenSSH's own (AGENT_MAX_LEN, and MAX_AGENT_IDENTITIES of authfd.c)."""

_ONE_PASSWORD = (
    "Library/Group Containers/2BUA8C4S2C.com.1password/t/agent.sock",  # macOS
    ".1password/agent.sock",  # Linux
)
ListKeys = Callable[[Path], tuple[PublicKey, ...]]


@dataclass(eq=False)
class AgentUnreachable(GuardError):
    """An agent's socket that is absent, dead or answers nonsense."""

    socket: Path
    reason: str

    def __str__(self) -> str:
        return (
            f"the ssh-agent at `{self.socket}` cannot be used: {self.reason}.\n"
            'Start one with `eval "$(ssh-agent)"`, then `ssh-add`.'
        )


@dataclass(frozen=True)
class AgentSocket:
    """The agent to use: where it listens, who named it, and the keys it showed."""

    path: Path
    origin: str
    keys: tuple[PublicKey, ...] = ()
    others: tuple[Path, ...] = ()
    """Where else an agent of this person's may be, whether one is there now or not."""


@dataclass(frozen=True)
class NoAgent:
    """There is no agent to use."""

    reason: str
    fix: str


def list_keys(path: Path, timeout_s: float = 3.0) -> tuple[PublicKey, ...]:
    """Return the keys of the agent that listens at `path`, in its own order.

    Raises:
        AgentUnreachable: nothing listens, the time is up, or the answer is malformed or a refusal.
    """
    deadline = time.monotonic() + timeout_s
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(os.fspath(path))
            if is_by_another(connection):
                raise AgentUnreachable(path, "another user listens there")
            connection.sendall(string(bytes([SSH_AGENTC_REQUEST_IDENTITIES])))
            length = int.from_bytes(_receive(connection, 4, deadline), "big")
            if not 0 < length <= MAX_MESSAGE_BYTES:
                raise AgentUnreachable(path, f"its answer claims {length} bytes")
            return parse_identities(_receive(connection, length, deadline))
    except TimeoutError:
        raise AgentUnreachable(path, f"no answer within {timeout_s:g} s") from None
    except MalformedMessage as error:
        raise AgentUnreachable(path, f"its answer is malformed ({error})") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise AgentUnreachable(path, reason) from None


def parse_identities(body: bytes) -> tuple[PublicKey, ...]:
    """Read an IDENTITIES_ANSWER. Raises MalformedMessage on anything else."""
    if body[:1] != bytes([SSH_AGENT_IDENTITIES_ANSWER]):
        message = "the agent refused to list its keys"
        raise MalformedMessage(message)
    reader = Reader(body[1:])
    count = reader.uint32()
    if count > MAX_KEYS:
        message = f"{count} keys"
        raise MalformedMessage(message)
    keys = []
    for _ in range(count):
        blob, comment = reader.string(), reader.string()
        keys.append(key_from_blob(blob, comment.decode("utf-8", errors="replace")))
    reader.end()
    return tuple(keys)


def _receive(connection: socket.socket, length: int, deadline: float) -> bytes:
    data = b""
    while len(data) < length:
        # The deadline is for the whole answer: one byte a second must not stretch it.
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        piece = connection.recv(length - len(data))
        if not piece:
            message = "the connection was closed"
            raise MalformedMessage(message)
        data += piece
    return data


def choose_agent(
    environ: Mapping[str, str],
    home: Path,
    *,
    choice: str = "",
    ssh_config_identity_agent: str = "",
    list_keys: ListKeys = list_keys,
) -> AgentSocket | NoAgent:
    """Return the agent that this person means.

    Order: `choice` alone when given (`1password`, `env:NAME` or a socket's path); else 1Password's,
    the `IdentityAgent` of the person's ssh configuration, then SSH_AUTH_SOCK. Of these the first
    that holds a key wins, then the first that answers: a dead socket, or an agent that was switched
    on and left empty, must not hide the one in use.
    """
    candidates = agent_candidates(environ, home, choice, ssh_config_identity_agent)
    empty: AgentSocket | None = None
    faults = []
    for path, origin in candidates.items():
        try:
            keys = list_keys(path)
        except AgentUnreachable as error:
            faults.append(f"{origin} (`{printable(str(path))}`): {error.reason}")
            continue
        others = tuple(other for other in candidates if other != path)
        if keys:
            return AgentSocket(path, origin, keys, others)
        empty = empty or AgentSocket(path, origin, (), others)
    if empty is not None:
        return empty
    if faults:
        return NoAgent(
            f"no ssh-agent answers; {'; '.join(faults)}",
            'start one with `eval "$(ssh-agent)"`, then `ssh-add`',
        )
    if choice:
        return NoAgent(f"the chosen agent `{printable(choice)}` does not exist", "see `agent`")
    return NoAgent("SSH_AUTH_SOCK is not set", 'run `eval "$(ssh-agent)"`, then `ssh-add`')


def agent_candidates(
    environ: Mapping[str, str], home: Path, choice: str = "", ssh_config_identity_agent: str = ""
) -> dict[Path, str]:
    """Return where agents may listen, each with who named it, in the order of preference.

    The arguments are those of `choose_agent`. Nothing is asked.
    """
    if choice:
        return dict(_chosen(choice, environ, home))
    return dict(_known(environ, home, ssh_config_identity_agent))


def _chosen(choice: str, environ: Mapping[str, str], home: Path) -> Iterator[tuple[Path, str]]:
    if choice == "1password":
        for part in _ONE_PASSWORD:
            if _is_socket(home / part):
                yield home / part, "1Password"
    elif choice.startswith("env:"):
        name = choice.removeprefix("env:")
        if environ.get(name):
            yield Path(environ[name]), name
    else:
        yield _expand(choice, home), "the chosen agent"


def _known(
    environ: Mapping[str, str], home: Path, identity_agent: str
) -> Iterator[tuple[Path, str]]:
    for part in _ONE_PASSWORD:
        if _is_socket(home / part):
            yield home / part, "1Password"
    from_environment = environ.get("SSH_AUTH_SOCK", "")
    if identity_agent.startswith("$"):
        identity_agent = environ.get(identity_agent.strip("${}"), "")
    if identity_agent and identity_agent not in ("none", "SSH_AUTH_SOCK", from_environment):
        yield _expand(identity_agent, home), "IdentityAgent of the ssh configuration"
    if from_environment:
        yield Path(from_environment), "SSH_AUTH_SOCK"


def _expand(text: str, home: Path) -> Path:
    return home / text[2:] if text.startswith("~/") else Path(text)


def _is_socket(path: Path) -> bool:
    with suppress(OSError):
        return stat.S_ISSOCK(path.stat().st_mode)
    return False
