"""Whether a text would do as a project file, before it becomes one."""

from __future__ import annotations

from pathlib import Path

from .errors import ProjectFaults
from .layers import Reader
from .load import name_faults
from .paths import Paths
from .project_file import parse_toml


def check_text(text: str, path: Path, paths: Paths, *, is_person: bool) -> None:
    """Read `text` as `up` would read the file at `path`.

    Raises:
        ProjectFaults: all that is wrong, each with its line.
    """
    file = parse_toml(path, text.encode("utf-8", "surrogateescape"))
    reader = Reader(paths.config_file, paths.user_home)
    if is_person:
        _defaults, projects = reader.person_layers(file)
        names = [(name, file.place(("projects", name))) for name in projects]
    else:
        name = reader.repo_layer(file).settings.get("name")
        names = [(str(name.value), name.origin.place)] if name else []
    faults = (*file.faults, *reader.faults, *name_faults(names, paths.lima.home))
    if faults:
        raise ProjectFaults(faults)
