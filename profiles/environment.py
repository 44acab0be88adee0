"""The variables that every session of a machine has, whichever shell runs in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provision import Block, File, Link, Step
from provision.shell import quote

from .data import read_data
from .guest import Guest

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

# Programs that bring their own list of authorities, and the variable by which each is told of ours.
_CA_VARIABLES = (
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CODEX_CA_CERTIFICATE",
)

_SERVICES = "~/.config/environment.d"
SCRIPT = "/etc/nopal/environment.sh"
SECRETS = "/etc/nopal/secrets.sh"


def environment(guest: Guest, extra: Mapping[str, str]) -> Iterator[Step]:
    """Set variables for every kind of session: agents use shells that are not interactive.

    PAM reads /etc/environment for each login, whatever is started in it; the shells read their own
    files because a connection that was open before has the old variables.
    """
    variables = {"LANG": guest.locale, "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0"}
    if guest.extra_ca:
        variables |= dict.fromkeys(_CA_VARIABLES, CA_BUNDLE)
    agent = {"SSH_AUTH_SOCK": guest.agent_socket} if guest.agent_socket else {}
    if agent:
        # An agent that wants to know where a login leads is told so by OpenSSH, not by libgit2
        # (cargo) or what JGit brings along.
        variables |= {"CARGO_NET_GIT_FETCH_WITH_CLI": "true", "GIT_SSH": "ssh"}
    variables |= extra
    path = f"{guest.home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    pam = {"PATH": path, **variables, **agent}
    yield Block("/etc/environment", "".join(f'{key}="{value}"\n' for key, value in pam.items()))
    yield File(SCRIPT, _posix_script(variables) + _posix_agent(guest.agent_socket))
    yield File(SECRETS, read_data("secrets.sh"))
    yield Link("/etc/profile.d/nopal.sh", SCRIPT)
    # Debian's .bashrc returns at once where nobody types, hence `top`.
    source = f"[ ! -r {SCRIPT} ] || . {SCRIPT}\n"
    yield Block("~/.bashrc", source, top=True)
    if guest.shell == "zsh":
        yield Block("/etc/zsh/zshenv", source)
    if guest.shell == "fish":
        script = _fish_script(variables) + _fish_agent(guest.agent_socket)
        yield File("/etc/fish/conf.d/nopal.fish", script)
        yield File("/etc/fish/conf.d/nopal-secrets.fish", read_data("secrets.fish"))
    for name, value in agent.items():
        # Debian's own agent would say that it is the one when the user's manager starts.
        yield Link("~/.config/systemd/user/ssh-agent.socket", "/dev/null")
        # Services of the user's own have what their manager has.
        variable = f"{name}={value}"
        now = f"systemctl --user set-environment {quote(variable)} 2>/dev/null || true"
        yield File(f"{_SERVICES}/nopal.conf", f"{variable}\n", then=now)


def _posix_agent(socket: str) -> str:
    # Root's shells read the script too, and are none of those that the agent is for.
    return f"[ ! -O {quote(socket)} ] || export SSH_AUTH_SOCK={quote(socket)}\n" if socket else ""


def _fish_agent(socket: str) -> str:
    return f"test -O {quote(socket)}; and set -gx SSH_AUTH_SOCK {quote(socket)}\n" if socket else ""


def _posix_script(variables: Mapping[str, str]) -> str:
    exports = "".join(f"export {name}={quote(value)}\n" for name, value in variables.items())
    return f"""\
# nopal: read by bash, zsh and sh, in login shells and others.
{exports}\
case ":$PATH:" in *":$HOME/.local/bin:"*) ;; *) PATH="$HOME/.local/bin:$PATH" ;; esac
case ":$PATH:" in *:/usr/local/bin:*) ;; *) PATH="$PATH:/usr/local/bin" ;; esac
export PATH
# A terminal that this machine knows nothing of is at least an xterm.
if [ -t 1 ] && [ -n "${{TERM:-}}" ] && ! infocmp "$TERM" >/dev/null 2>&1; then
    export TERM=xterm-256color
fi
[ ! -r {SECRETS} ] || . {SECRETS}
"""


def _fish_script(variables: Mapping[str, str]) -> str:
    # fish knows two escapes inside single quotes: \\ and \'.
    lines = ["# nopal: what /etc/nopal/environment.sh is for the other shells."]
    for name, value in variables.items():
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"set -gx {name} '{escaped}'")
    lines += [
        "contains ~/.local/bin $PATH; or set -gx PATH ~/.local/bin $PATH",
        "if isatty stdout; and not infocmp $TERM >/dev/null 2>&1",
        "    set -gx TERM xterm-256color",
        "end",
    ]
    return "\n".join(lines) + "\n"
