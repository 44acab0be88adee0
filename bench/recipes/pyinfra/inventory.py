"""The target, for pyinfra."""

import json
from pathlib import Path

TARGET = json.loads(Path(__file__).with_name("case.json").read_text())["target"]

bench = [
    (
        "127.0.0.1",
        {
            "ssh_port": TARGET["port"],
            "ssh_user": "root",
            "ssh_key": TARGET["key"],
            "ssh_config_file": TARGET["ssh_config"],
            "ssh_known_hosts_file": TARGET["known_hosts"],
            "ssh_strict_host_key_checking": "accept-new",
            "ssh_look_for_keys": False,
            "ssh_allow_agent": False,
        },
    )
]
