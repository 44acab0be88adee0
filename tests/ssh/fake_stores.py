"""Stand-ins for the programs of secret stores: their argument grammar, and their odd habits.

Each is a script on a PATH of its own. It notes how it was called, as the names of what it was
given, and refuses what the real one would refuse.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from guard.secrets.provider import Tools

_HEAD = """\
#!{python}
import json, os, subprocess, sys
PLACE = {place!r}
call = [os.path.basename(sys.argv[0]), sys.argv[1:], sorted(os.environ)]
with open(PLACE + "/calls", "a") as calls:
    calls.write(json.dumps(call) + "\\n")
VALUES = json.load(open(PLACE + "/values.json"))
args = sys.argv[1:]
def fail(words, status=1):
    sys.stderr.write(words + "\\n")
    sys.exit(status)
if args == ["--version"]:
    print("9.9.9")
    sys.exit()
"""

_OP = """\
LOCKED = os.path.exists(PLACE + "/locked")
def unlock():
    with open(PLACE + "/unlocked", "a") as file:
        file.write("once\\n")
    if LOCKED:
        fail("[ERROR] 2026/01/31 23:59:59 authorization prompt dismissed, please try again")
if args[:2] == ["environment", "read"]:
    unlock()
    for name, value in VALUES["op-env"][args[2]].items():
        print(f"{name}={value}")
    sys.exit()
if args[:1] != ["run"] or "--" not in args:
    fail(f'unknown command {args[:1]} for "op"')
split = args.index("--")
flags, command = args[1:split], args[split + 1:]
if "--no-masking" not in flags:
    fail("the test would see masked values")
environment = dict(os.environ)
if "--environment" in flags:
    if os.path.exists(PLACE + "/op-is-old"):
        fail("[ERROR] unknown flag: --environment")
    unlock()
    wanted = flags[flags.index("--environment") + 1]
    if wanted not in VALUES["op-env"]:
        fail(f'[ERROR] could not find the environment "{wanted}"')
    environment |= VALUES["op-env"][wanted]
else:
    unlock()
    for name, value in os.environ.items():
        if value.startswith("op://"):
            if value not in VALUES["op"]:
                fail(f'[ERROR] could not resolve "{value}": I hold plant-in-stderr-77')
            environment[name] = VALUES["op"][value]
sys.exit(subprocess.run(command, env=environment).returncode)
"""

_BWS = """\
if not os.environ.get("BWS_ACCESS_TOKEN"):
    fail("Error: Missing access token")
if os.environ["BWS_ACCESS_TOKEN"] == "wrong-token-11":
    fail("Error: token wrong-token-11 is not valid")
if args[:2] != ["secret", "list"] or args[3:5] != ["--output", "json"]:
    fail("error: unexpected argument", 2)
print(json.dumps([{"id": "1", "key": k, "value": v, "note": ""} for k, v in VALUES["bws"].items()]))
"""

_VAULT = """\
if args[:3] != ["kv", "get", "-format=json"]:
    fail("Usage: vault kv get [options] KEY", 1)
fields = VALUES["vault"].get(args[3])
if fields is None:
    fail("No value found at " + args[3], 2)
data = {"data": fields, "metadata": {"version": 3}} if args[3].startswith("kv2/") else fields
print(json.dumps({"request_id": "x", "data": data}))
"""

_DOPPLER = """\
if args[:6] != ["secrets", "download", "--no-file", "--no-fallback", "--format", "json"]:
    fail("Doppler Error: unknown flag")
print(json.dumps({**VALUES["doppler"], "DOPPLER_PROJECT": args[7], "DOPPLER_CONFIG": args[9]}))
"""

_INFISICAL = """\
if args[:3] != ["export", "--silent", "--format=json"] or not args[3].startswith("--projectId="):
    fail("unknown flag")
print(json.dumps([{"key": k, "value": v, "type": "shared"} for k, v in VALUES[args[5]].items()]))
"""

_FNOX = """\
if args[:1] + args[2:] != ["--profile", "--if-missing", "error", "exec", "--", "env", "-0"]:
    fail("error: unexpected argument")
sys.exit(subprocess.run(args[6:], env={**os.environ, **VALUES["fnox"][args[1]]}).returncode)
"""

_GOPASS = """\
if args[:3] != ["show", "--unsafe", "--noparsing"]:
    fail("Incorrect Usage")
if args[3] not in VALUES["gopass"]:
    fail(f"Error: failed to retrieve secret '{args[3]}': Entry is not in the password store", 11)
sys.stdout.write(VALUES["gopass"][args[3]])
"""

_SOPS = """\
if args[:3] != ["--decrypt", "--output-type", "json"]:
    fail("flag provided but not defined")
sys.stdout.write(open(args[3]).read())
"""

_OWN = """\
sys.stdout.buffer.write(open(PLACE + "/" + args[0], "rb").read())
"""

SCRIPTS = {
    "op": _OP,
    "bws": _BWS,
    "vault": _VAULT,
    "doppler": _DOPPLER,
    "infisical": _INFISICAL,
    "fnox": _FNOX,
    "gopass": _GOPASS,
    "sops": _SOPS,
    "my-store": _OWN,
}


@dataclass(frozen=True)
class Stores:
    """The programs, what they hold, and how they were called."""

    place: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, place: Path, values: Mapping[str, object], **environ: str) -> Stores:
        programs = place / "bin"
        programs.mkdir(parents=True)
        (place / "home").mkdir()
        (place / "values.json").write_text(json.dumps(values))
        head = _HEAD.format(python=sys.executable, place=str(place))
        for name, body in SCRIPTS.items():
            (programs / name).write_text(head + body)
            (programs / name).chmod(0o755)
        path = f"{programs}:{os.environ['PATH']}"
        return cls(place, {"PATH": path, "HOME": str(place / "home"), **environ})

    @property
    def tools(self) -> Tools:
        return Tools(self.environ, self.place / "home")

    @property
    def calls(self) -> list[tuple[str, list[str], list[str]]]:
        """Program, arguments and names of variables, of each call so far."""
        file = self.place / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [tuple(json.loads(line)) for line in lines]

    @property
    def unlockings(self) -> int:
        """How often a person would have been asked."""
        file = self.place / "unlocked"
        return len(file.read_text().splitlines()) if file.exists() else 0
