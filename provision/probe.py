"""The one script that asks a guest what it is and how its steps are, and the reading of it.

Pure: it makes text and reads text; a transport carries both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from . import sudo
from .errors import UnsupportedGuest
from .facts import Facts
from .framing import Framing, records
from .groups import Group, group_steps
from .shell import quote
from .step import Step

ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

NO_AGENT = "unset SSH_AUTH_SOCK"
"""Only the changes that ask for the agent may meet it."""

# A login has read it, but long ago perhaps: what an earlier change wrote there shall count.
ENVIRONMENT = """\
environment() {
    [ -r /etc/environment ] || return 0
    while IFS='=' read -r nopal_key nopal_value || [ -n "$nopal_key" ]; do
        case $nopal_key in
            ''|[0-9]*|*[!A-Za-z0-9_]*) continue ;;
            PATH|HOME|USER|LOGNAME|SHELL|UID|EUID|PPID|LC_ALL|IFS|SSH_AUTH_SOCK) continue
        esac
        case $nopal_value in
            \\"*\\"|\\'*\\') nopal_value=${nopal_value#?}; nopal_value=${nopal_value%?}
        esac
        export "$nopal_key=$nopal_value"
    done </etc/environment
}\
"""
# One locale for all, so that no answer is translated.
LOGIN_PRELUDE = f"""\
{ENVIRONMENT}
environment; umask 022; export LC_ALL=C.UTF-8
export PATH="$HOME/.local/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin"; cd\
"""
ROOT_PRELUDE = f"""\
{ENVIRONMENT}
environment; umask 022; {NO_AGENT}; export LC_ALL=C.UTF-8 PATH={ROOT_PATH}; cd /\
"""

FACTS = """\
( . /etc/os-release
printf '%s\\n' "$ID" "${VERSION_CODENAME-}" "${VERSION_ID-}" "${ID_LIKE-}" ) 2>/dev/null
uname -srm; printf '%s\\n' "$HOME" "$uid"; id -un; id -Gn\
"""
FACT_LINES = 9
_LIMIT_S = 180
_CHECK_LIMIT_S = 60


@dataclass(frozen=True)
class Answer:
    """What a guest said."""

    facts: Facts
    states: Mapping[str, str | None]
    """The state by step id; None where a step's probe gave no usable answer."""
    stuck: tuple[Group, ...] = ()
    """What was being probed when its shell was ended; what would have come next has no state."""


@dataclass(frozen=True)
class Probe:
    """One question about all `steps`, and the reading of what comes back."""

    steps: Sequence[Step]
    framing: Framing = field(default_factory=Framing)
    has_password: bool = False
    """Whether the script finds a password for sudo on stdin."""
    limit_s: int = _LIMIT_S
    alone: Collection[str] = ()
    """Ids of steps that are not to be probed together with others."""

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """What probes the steps; the marks carry a group's place among them."""
        return group_steps(self.steps, self.alone)

    def script(self) -> str:
        """Return the whole script: facts and login probes, then those of root inside one sudo."""
        groups = list(enumerate(self.groups))
        lines = [
            self.framing.function(),
            NO_AGENT,
            LOGIN_PRELUDE,
            "uid=$(id -u)",
            "mark facts 0",
            FACTS,
        ]
        # One watch over all of a user's probes: one over each would be a process for each.
        # KILL, since what outlives its shell would keep the connection open.
        shell = f"timeout -s KILL {self.limit_s} sh"
        login = [_probe(i, g) for i, g in groups if g.run_as == "login"]
        if login:
            lines.append(self._fed(f"{shell} -s 2>&1", login, "login"))
        root = [_probe(i, g) for i, g in groups if g.run_as == "root"]
        if root:
            has_password = self.has_password
            become = sudo.define(self.framing.nonce, has_password=has_password, shell=shell)
            lines += [
                f'if [ "$uid" = 0 ]; then\n{sudo.as_root(shell)}\nelse\n{become}\nfi',
                "mark sudo 0",
                self._fed("become", [ROOT_PRELUDE, "mark root 0", *root], "root"),
            ]
        lines.append("mark done 0")
        return "\n".join(lines)

    def _fed(self, command: str, lines: Sequence[str], label: str) -> str:
        body = "\n".join(["{", self.framing.function(), *lines, "} </dev/null"])
        return self.framing.heredoc(command, body, label)

    def read(self, lines: list[str]) -> Answer:
        """Return the facts and states in the script's output.

        Raises:
            UnsupportedGuest: the guest is no Debian or Ubuntu.
            SudoRefused: root is needed and sudo refuses.
        """
        answer = records(self.framing, lines)
        facts = read_facts(answer.get(("facts", 0), "\n".join(lines[-1:])))
        if ("sudo", 0) in answer and ("root", 0) not in answer:
            said = answer["sudo", 0]
            raise sudo.refusal(facts.user, said, had_password=self.has_password)
        states: dict[str, str | None] = {}
        stuck = []
        for index, group in enumerate(self.groups):
            has_ended = ("end", index) in answer
            output = answer.get(("state", index)) if has_ended else None
            states.update(zip((s.id for s in group.steps), group.read(output), strict=True))
            if ("state", index) in answer and not has_ended:
                stuck.append(group)
        return Answer(facts, states, tuple(stuck))


def limit_s(steps: Iterable[Step]) -> int:
    """Return how many seconds the probes of one user may take together before one counts as hung.

    A machine may be slow, or emulated; and each check starts the program that it verifies.
    """
    return _LIMIT_S + _CHECK_LIMIT_S * sum(step.only_proves for step in steps)


def read_facts(text: str) -> Facts:
    """Return the facts in the answer to `FACTS`.

    Raises:
        UnsupportedGuest: the guest is not of Debian's family.
    """
    lines = text.split("\n")
    if len(lines) < FACT_LINES:
        raise UnsupportedGuest(
            "The guest does not say what it is: no Linux with /etc/os-release and a POSIX shell.\n"
            f"It said: {text.strip().splitlines()[-1] if text.strip() else 'nothing'}"
        )
    distribution, codename, version, like, uname, home, uid, user, groups = lines[:FACT_LINES]
    system, kernel, machine = uname.split(" ")
    if system != "Linux" or "debian" not in (distribution, *like.split()):
        raise UnsupportedGuest(
            f"The guest runs {distribution or system}; "
            "only Debian, Ubuntu and what derives from them will do."
        )
    return Facts(
        distribution=distribution,
        codename=codename,
        version=version,
        machine=machine,
        kernel=kernel,
        user=user,
        home=home,
        groups=tuple(groups.split()),
        uid=int(uid),
    )


def _probe(index: int, group: Group) -> str:
    # eval keeps a syntax error, and the subshell an exit, within the one probe.
    return (
        f"mark state {index}\n( eval {quote(group.script)} ) </dev/null 2>/dev/null\n"
        f"mark end {index} $?"
    )
