"""What `inv config` shows: every value of a project and where it came from. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .key_settings import as_file
from .project import GIB, WITHOUT_FILE, Origin, PortMapping, Project, RepoEntry

_MIB = 1024**2
_WIDEST_VALUE = 48
_LAYERS = {"defaults": " [defaults]", "origin": " (the repo's own URL)"}


@dataclass(frozen=True)
class Row:
    """One value: its dotted key, its text as a project file would have it, its origin in words."""

    key: str
    value: str
    origin: str


def rows(project: Project, *, user_home: Path | None = None) -> tuple[Row, ...]:
    """Return a row for each value; files below `user_home` begin with `~`."""
    shown = [Row("name", project.name, _name_origin(project, user_home))]
    for key, value in _values(project).items():
        origin = project.provenance.get(key, Origin("built-in"))
        shown.append(Row(key, _text(value), _origin_text(origin, key, user_home)))
    return tuple(shown)


def as_text(project: Project, *, user_home: Path | None = None) -> str:
    """Return the rows in columns; the last one, the origin, may be of any length."""
    table = rows(project, user_home=user_home)
    keys = max(len(row.key) for row in table)
    values = min(_WIDEST_VALUE, max(len(row.value) for row in table))
    return "\n".join(f"{row.key:{keys}}  {row.value:{values}}  {row.origin}" for row in table)


def as_data(project: Project) -> dict[str, Any]:
    """Return the same for programs: by key `value`, and of its origin `layer`, `file`, `line`."""
    return {
        "name": project.name,
        "repo_root": str(project.repo_root) if project.repo_root else None,
        "values": {
            key: {
                "value": _plain(value),
                **_origin_json(project.provenance.get(key, Origin("built-in"))),
            }
            for key, value in _values(project).items()
        },
    }


def _values(project: Project) -> dict[str, Any]:
    """Return every value as a project file would have it, by dotted key."""
    values: dict[str, Any] = {
        "image": str(project.image),
        "cpus": project.cpus,
        "memory": _size(project.memory_bytes),
        "disk": _size(project.disk_bytes),
        "profiles": list(project.profiles),
    }
    for profile, options in project.options.items():
        values |= {f"options.{profile}.{key}": value for key, value in options.items()}
    return values | {
        "repos": [_repo(repo) for repo in project.repos],
        "ports": project.ports
        if isinstance(project.ports, str)
        else list(map(_port, project.ports)),
        "shell": project.shell,
        "checkpoint": project.checkpoint,
        "timezone": project.timezone,
        "locale": project.locale,
        "autonomy": project.autonomy,
        "signing": project.signing,
        "signing_key": project.signing_key,
        "allowed_signers": list(project.allowed_signers),
        "mode": project.mode,
        "mounts": [str(mount) for mount in project.mounts],
        "watch": project.watch,
        "secrets": _secrets(project),
        "agents": dict(project.agents),
        "skills": [str(path) for path in project.skills],
        "secrets_dotenv": project.secrets_dotenv,
        "wants_secrets": list(project.wants_secrets),
        "checkpoint_memory": project.checkpoint_memory,
        "notify": project.notify,
        **{f"keys.{key}": value for key, value in as_file(project.keys).items()},
        "git.name": project.git_name,
        "git.email": project.git_email,
        "extra_ca": [str(path) for path in project.extra_ca],
    }


def _plain(value: object) -> object:
    """Turn what JSON lacks, TOML's dates and `inf`, into text."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case bool() | int() | str() | None:
            return value
        case float() if math.isfinite(value):
            return value
        case _:
            return str(value)


def _size(size: int) -> str:
    return f"{size // GIB}GiB" if size % GIB == 0 else f"{size // _MIB}MiB"


def _port(mapping: PortMapping) -> int | str | dict[str, int | str]:
    guest, host = (
        first if first == last else f"{first}-{last}"
        for first, last in (mapping.guest, mapping.host)
    )
    return guest if guest == host else {"guest": guest, "host": host}


def _repo(repo: RepoEntry) -> str | dict[str, str | bool]:
    extra = {"branch": repo.branch, "path": repo.path}
    given: dict[str, str | bool] = {key: value for key, value in extra.items() if value}
    if not repo.dependencies:
        given["dependencies"] = False
    return {"url": repo.url, **given} if given else repo.url


def _secrets(project: Project) -> dict[str, Any]:
    """Return the references as the table has them; there are no values here."""
    table: dict[str, Any] = {}
    for one in project.secrets:
        within = table.setdefault(one.folder, {}) if one.folder else table
        within.setdefault(one.name, []).append(str(one.reference))
    return _single(table)


def _single(table: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _single(value) if isinstance(value, dict) else value[0] if len(value) == 1 else value
        for name, value in table.items()
    }


def _text(value: object) -> str:
    """Write a value for a person: text without quotes, all else as TOML."""
    if isinstance(value, str):
        return value if value.isprintable() else ascii(value)
    return _toml(value)


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"' if value.isprintable() else ascii(value)
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{_key(key)} = {_toml(item)}' for key, item in value.items())}}}"
        case _:
            return str(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _name_origin(project: Project, user_home: Path | None) -> str:
    if project.fork_of:
        return f"a fork of {project.fork_of}"
    if project.repo_root:
        return _short(project.repo_root / ".nopal.toml", user_home)
    return _short(project.person_file, user_home) if project.is_in_person_file else "built-in"


def _origin_text(origin: Origin, key: str, user_home: Path | None) -> str:
    if origin.file is None:
        return WITHOUT_FILE.get(origin.layer, f"--{key.replace('_', '-')}")
    line = "" if origin.line is None else f":{origin.line}"
    return f"{_short(origin.file, user_home)}{line}{_LAYERS.get(origin.layer, '')}"


def _short(path: Path, user_home: Path | None) -> str:
    if user_home and path.is_relative_to(user_home):
        return f"~/{path.relative_to(user_home)}"
    return str(path)


def _origin_json(origin: Origin) -> dict[str, Any]:
    return {
        "layer": origin.layer,
        "file": str(origin.file) if origin.file else None,
        "line": origin.line,
    }
