"""The one script that asks a guest what it is and how its steps are, and the reading of it.

Pure: it makes text and reads text; a transport carries both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import sudo
from .errors import UnsupportedGuest
from .facts import Facts
from .framing import Framing, records
from .shell import quote
from .step import RunAs, Step

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


@dataclass(frozen=True)
class Group:
    """Steps that one piece of shell probes."""

    steps: tuple[Step, ...]
    script: str
    is_batch: bool

    def read(self, output: str | None) -> Sequence[str | None]:
        """Return each step's state; None where the answer is missing or makes no sense."""
        if output is None or not self.is_batch:
            return (output,) * len(self.steps)
        try:
            states = type(self.steps[0]).batch_states(self.steps, output)
        except (ValueError, LookupError):
            return (None,) * len(self.steps)
        return states if len(states) == len(self.steps) else (None,) * len(self.steps)


@dataclass(frozen=True)
class Answer:
    """What a guest said."""

    facts: Facts
    states: Mapping[str, str | None]
    """The state by step id; None where a step's probe gave no usable answer."""


@dataclass(frozen=True)
class Probe:
    """One question about all `steps`, and the reading of what comes back."""

    steps: Sequence[Step]
    framing: Framing = field(default_factory=Framing)
    has_password: bool = False
    """Whether the script finds a password for sudo on stdin."""

    def script(self) -> str:
        """Return the whole script: facts and login probes, then those of root inside one sudo."""
        groups = list(enumerate(group_steps(self.steps)))
        lines = [
            self.framing.function(),
            NO_AGENT,
            LOGIN_PRELUDE,
            "uid=$(id -u)",
            "mark facts 0",
            FACTS,
        ]
        lines += [_probe(i, g) for i, g in groups if g.steps[0].run_as == "login"]
        root = [_probe(i, g) for i, g in groups if g.steps[0].run_as == "root"]
        if root:
            inner = "\n".join([self.framing.function(), ROOT_PRELUDE, "mark root 0", *root])
            body = f"{{\n{inner}\n}} </dev/null"
            become = sudo.define(self.framing.nonce, has_password=self.has_password)
            lines += [
                f'if [ "$uid" = 0 ]; then\n{sudo.ROOT}\nelse\n{become}\nfi',
                "mark sudo 0",
                self.framing.heredoc("become", body, "root"),
            ]
        lines.append("mark done 0")
        return "\n".join(lines)

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
        for index, group in enumerate(group_steps(self.steps)):
            output = answer.get(("state", index)) if ("end", index) in answer else None
            states.update(zip((s.id for s in group.steps), group.read(output), strict=True))
        return Answer(facts, states)


def group_steps(steps: Sequence[Step]) -> tuple[Group, ...]:
    """Return `steps` by what probes them: many of one kind and user at once where the kind can."""
    kinds: dict[tuple[type[Step], RunAs], list[Step]] = {}
    for step in steps:
        kinds.setdefault((type(step), step.run_as), []).append(step)
    groups: list[Group] = []
    for (kind, _), members in kinds.items():
        script = kind.batch_probe(members) if len(members) > 1 else None
        if script is None:
            groups += [Group((step,), step.probe(), is_batch=False) for step in members]
        else:
            groups.append(Group(tuple(members), script, is_batch=True))
    return tuple(groups)


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
