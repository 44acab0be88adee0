"""The work, for bundlewrap."""

import json
from pathlib import Path

WORK = json.loads((Path(repo.path) / "case.json").read_text())["work"]

pkg_apt = {name: {} for name in WORK["packages"]}
directories = {path: {"mode": "0755", "owner": "root"} for path in WORK["directories"]}
files = {
    entry["path"]: {"content": entry["value"], "content_type": "text", "mode": "0644"}
    for entry in WORK["files"]
}
symlinks = {entry["path"]: {"target": entry["value"]} for entry in WORK["links"]}
users = {entry["path"]: {"groups": {entry["value"]}} for entry in WORK["members"]}
actions = {}
for number, entry in enumerate(WORK["lines"]):
    actions[f"line-{number}"] = {
        "command": f"echo '{entry['value']}' >>{entry['path']}",
        "unless": f"grep -qxF '{entry['value']}' {entry['path']}",
    }
for number, entry in enumerate(WORK["commands"]):
    actions[f"command-{number}"] = {
        "command": f"echo '{entry['value']}' >{entry['path']}",
        "unless": f"test -e {entry['path']}",
    }
