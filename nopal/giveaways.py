"""What a folder gives to a machine that mounts it: credentials in it, and what runs on the host.

Only names are looked at, through no link, and not for ever: a machine sees more than is found here.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

_CREDENTIALS = (
    *(".env", ".env.*", "*.env", ".envrc.private", ".npmrc", ".pypirc", ".netrc", ".pgpass"),
    *("id_rsa", "id_ecdsa", "id_ed25519", "id_dsa", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks"),
    *("*.keystore", "*.kdbx", "credentials", "credentials.json", "credentials.toml", "*.tfstate"),
    *(".git-credentials", "service-account*.json", "secrets.y*ml", "secrets.json", "secrets.toml"),
    *("*.tfvars", "kubeconfig", "token", "*.token", ".vault-token", "auth.json", ".dockercfg"),
)
_EXAMPLES = ("*.example", "*.sample", "*.template", "*.dist", "*example*.env")
_RUNS = (
    *(".envrc", "Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", "package.json"),
    *(
        "tasks.py",
        "conftest.py",
        "setup.py",
        "noxfile.py",
        "build.rs",
        "build.gradle",
        "gulpfile.*",
    ),
    *("Rakefile", "CMakeLists.txt", ".pre-commit-config.yaml", "mise.toml", ".mise.toml"),
)
_RUNS_WITHIN = (".husky", ".vscode", ".idea", ".claude", ".git")
"""Folders whose files programs of the host follow; `.git` for its hooks and its config."""
_NOT_ENTERED = frozenset(
    {*_RUNS_WITHIN, "node_modules", ".venv", "venv", "target", "dist", ".next"}
)
MOST_NAMES = 50_000
_DEEPEST = 8


@dataclass
class Giveaways:
    """What was found, by paths below the folder."""

    credentials: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    is_whole: bool = True
    """Whether all of it was looked at."""


def giveaways(folder: Path, most_names: int = MOST_NAMES) -> Giveaways:
    """Look at the names in `folder`, the upper ones first, and at no more than so many."""
    found = Giveaways()
    left = most_names
    waiting = deque([(folder, 0)])
    while waiting:
        here, depth = waiting.popleft()
        for entry in _entries(here):
            if left == 0:
                found.is_whole = False
                return found
            left -= 1
            below = os.path.relpath(entry.path, folder)
            if entry.is_dir(follow_symlinks=False):
                if entry.name in _RUNS_WITHIN:
                    found.runs.append(below + "/")
                elif entry.name not in _NOT_ENTERED and depth < _DEEPEST:
                    waiting.append((Path(entry.path), depth + 1))
                elif depth >= _DEEPEST:
                    found.is_whole = False
            elif _is_one(entry.name, _CREDENTIALS) and not _is_one(entry.name, _EXAMPLES):
                found.credentials.append(below)
            elif _is_one(entry.name, _RUNS):
                found.runs.append(below)
    return found


def explain(folder: Path, found: Giveaways, most_lines: int = 12) -> Iterator[str]:
    """Yield what a person should know before they mount `folder` writable."""
    yield f"The machine, and every agent in it, can read and change all of {folder}."
    if found.credentials:
        count = len(found.credentials)
        yield f"These look like credentials, and would be the machine's to read ({count}):"
        yield from _some(found.credentials, most_lines)
    else:
        yield "No name in it looks like a credential."
    yield "What this computer runs from there, the machine can change, and so run code on it:"
    yield "git's hooks and configuration, build scripts, an editor's tasks."
    yield from _some(found.runs, most_lines)
    if not found.is_whole:
        yield "It was not looked at to the end: there may be more of both."


def _some(names: list[str], most: int) -> Iterator[str]:
    yield from (f"  {name}" for name in names[:most])
    if len(names) > most:
        yield f"  … and {len(names) - most} more"


def _is_one(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:  # what may not be read here, the machine cannot read either
        return []
