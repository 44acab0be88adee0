"""The target, for bundlewrap."""

import json
from pathlib import Path

TARGET = json.loads((Path(repo_path) / "case.json").read_text())["target"]

nodes = {
    "bench": {
        "bundles": {"bench"},
        "cmd_wrapper_outer": "sh -c {0}",
        "hostname": TARGET["alias"],
        "lock_dir": TARGET["scratch"],
        "os": "debian",
        "os_version": (12,),
    }
}
