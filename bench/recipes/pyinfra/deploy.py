"""The work, for pyinfra."""

import json
from io import StringIO
from pathlib import Path

from pyinfra import host
from pyinfra.facts.files import File
from pyinfra.operations import apt, files, server

WORK = json.loads(Path(__file__).with_name("case.json").read_text())["work"]

apt.packages(packages=WORK["packages"])
for path in WORK["directories"]:
    files.directory(path, mode="755", user="root")
for entry in WORK["files"]:
    files.put(src=StringIO(entry["value"]), dest=entry["path"], mode="644", user="root")
for entry in WORK["links"]:
    files.link(entry["path"], target=entry["value"])
for entry in WORK["lines"]:
    files.line(entry["path"], line=entry["value"])
for entry in WORK["members"]:
    server.user(entry["path"], groups=[entry["value"]], append=True, ensure_home=False)
for entry in WORK["commands"]:
    if not host.get_fact(File, path=entry["path"]):
        server.shell(f"echo '{entry['value']}' >{entry['path']}")
