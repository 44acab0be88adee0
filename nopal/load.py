"""Loads a project: reads its files, chooses, merges. The one entry the verbs use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .built_in import HostSize, built_in_layer, shared_layer
from .errors import BadName, Fault, Place, ProjectError, ProjectFaults
from .key_settings import KeySettings
from .key_values import as_arguments
from .layers import Reader
from .merge import Layer, Setting, merge, provenance
from .names import DEFAULT_NAME, host_name, name_problem
from .paths import Paths
from .project import Mount, Origin, Project, RepoEntry
from .project_file import TomlFile, read_toml_file
from .remote_url import is_remote, without_password
from .resolve import REPO_FILE, Choice, Surroundings, choose_project, find_repo_root
from .where import nearest_holder

OwnerOf = Callable[[str], "Path | None"]


def load_project(
    name: str,
    *,
    paths: Paths,
    cwd: Path,
    origin_of: Callable[[Path], str],
    flags: Mapping[str, object] | None = None,
    owner_of: OwnerOf = lambda _: None,
    fork_of: Callable[[str], str] = lambda _: "",
    host: HostSize | None = None,
) -> Project:
    """Return the project called `name`, or the one that is meant in `cwd` when `name` is empty.

    `origin_of` gives the URL of a repo's remote `origin`, or "". `owner_of` gives the directory of
    the repo that owns a machine, by which `-p NAME` finds a repo's file from anywhere.
    `fork_of` gives the project whose settings a forked machine has, until it gets some of its own.
    Raises ProjectError: nothing has been started or changed then.
    """
    root = find_repo_root(cwd)
    owner = owner_of(name) if name else None
    if owner is not None and owner.is_dir():
        root = owner
    if problem := name_problem(name or DEFAULT_NAME, paths.lima.home):
        raise ProjectFaults((BadName(Place(), name or DEFAULT_NAME, problem),))
    files = _read(paths, root, flags or {})
    origin = origin_of(root) if root else ""
    origin = origin if origin.isprintable() else ""
    forked = fork_of(name) if name and name not in files.projects else ""
    choice = choose_project(forked or name, _surroundings(files, paths, origin, cwd))
    repo_layer = files.repo if choice.uses_repo_file else None
    layers = [built_in_layer(host or HostSize.detect()), files.defaults]
    if repo_layer and root:
        layers += [_origin_layer(root, origin), repo_layer]
    asked = files.projects.get(choice.name, Layer("project"))
    layers += [shared_layer(asked), asked, files.flags]
    project = _project(
        merge(layers),
        choice,
        person_file=paths.config_file,
        repo_root=root if repo_layer else None,
        origin=without_password(origin) if repo_layer and is_remote(origin) else "",
        is_in_person_file=choice.name in files.projects,
    )
    return replace(project, name=name, fork_of=forked) if forked else project


def project_names(paths: Paths) -> list[str]:
    """Return the names in the person's file, for completion and lists: a broken file has none."""
    try:
        file = read_toml_file(paths.config_file, follows_links=True)
    except ProjectError:
        return []
    projects = file.tables.get("projects") if file else None
    return sorted(projects) if isinstance(projects, dict) else []


@dataclass(frozen=True)
class _Files:
    defaults: Layer
    projects: Mapping[str, Layer]
    flags: Layer
    repo: Layer | None = None
    repo_file: TomlFile | None = None


def _read(paths: Paths, root: Path | None, flags: Mapping[str, object]) -> _Files:
    """Read and check both files and the flags. Raises ProjectFaults with all that is wrong."""
    reader = Reader(paths.config_file, paths.user_home)
    person = _read_file(paths.config_file, reader.faults, follows_links=True)
    repo = _read_file(root / REPO_FILE, reader.faults, follows_links=False) if root else None
    defaults, projects = reader.person_layers(person or TomlFile(paths.config_file))
    repo_layer = reader.repo_layer(repo) if repo else None
    flag_layer = reader.flag_layer(flags)
    lima_home = paths.lima.home
    if person:
        names = [(name, person.place(("projects", name))) for name in projects]
        reader.faults += name_faults(names, lima_home)
    if repo_layer and "name" in repo_layer.settings:
        setting = repo_layer.settings["name"]
        reader.faults += name_faults([(str(setting.value), setting.origin.place)], lima_home)
    if reader.faults:
        # A text with control characters is refused for that, and once more for what it should be.
        first = {(fault.place, _subject(fault)): fault for fault in reversed(reader.faults)}
        raise ProjectFaults(tuple(reversed(first.values())))
    return _Files(defaults, projects, flag_layer, repo_layer, repo)


def _read_file(path: Path, faults: list[Fault], *, follows_links: bool) -> TomlFile | None:
    try:
        file = read_toml_file(path, follows_links=follows_links)
    except ProjectFaults as error:
        faults += error.faults
        return None
    faults += file.faults if file else ()
    return file


def _subject(fault: Fault) -> str:
    return str(getattr(fault, "key", getattr(fault, "name", "")))


def name_faults(names: Iterable[tuple[str, Place]], lima_home: Path) -> list[Fault]:
    """Return what is wrong with these projects' names, each with its place."""
    faults: list[Fault] = []
    taken: dict[str, str] = {}
    for name, place in names:
        problem = name_problem(name, lima_home)
        twin = taken.setdefault(host_name(name), name)
        if problem is None and twin != name:
            problem = f"its machine would have the host name of `{twin}`'s"
        if problem:
            faults.append(BadName(place, name, problem))
    return faults


def _surroundings(files: _Files, paths: Paths, origin: str, cwd: Path) -> Surroundings:
    claimed = files.repo.settings.get("name") if files.repo else None
    return Surroundings(
        person_file=paths.config_file,
        repos_of={name: _urls(layer) for name, layer in files.projects.items()},
        grants=frozenset(name for name, layer in files.projects.items() if _gives_away(layer)),
        origin=origin,
        shared=nearest_holder(cwd, _shared_mounts(files)),
        repo_file=files.repo_file.path if files.repo_file else None,
        claimed_name=str(claimed.value) if claimed else "",
        claimed_at=claimed.origin.place if claimed else None,
    )


def _gives_away(layer: Layer) -> bool:
    gifts = ("mounts", "secrets", "agents")
    return any(key in gifts or key.startswith("keys.") for key in layer.settings)


def _shared_mounts(files: _Files) -> Iterator[tuple[str, tuple[Mount, ...]]]:
    for name, layer in files.projects.items():
        if "mode" in layer.settings and layer.settings["mode"].value == "shared":
            mounts: Any = layer.settings["mounts"].value if "mounts" in layer.settings else ()
            yield name, mounts


def _urls(layer: Layer) -> tuple[str, ...]:
    repos: Any = layer.settings["repos"].value if "repos" in layer.settings else ()
    return tuple(repo.url for repo in repos)


def _origin_layer(root: Path, origin: str) -> Layer:
    """Let a repo with a `.nopal.toml` be cloned by its machine, unless a file lists repos."""
    if not is_remote(origin):
        return Layer("origin")
    repos = (RepoEntry(without_password(origin)),)
    where = Origin("origin", root / ".git" / "config")
    return Layer("origin", {"repos": Setting(repos, where, (where,))})


def _project(
    settings: dict[str, Setting],
    choice: Choice,
    *,
    person_file: Path,
    repo_root: Path | None,
    origin: str,
    is_in_person_file: bool,
) -> Project:
    settings.pop("name", None)
    value: dict[str, Any] = {key: setting.value for key, setting in settings.items()}
    options: dict[str, dict[str, object]] = {}
    for key in [key for key in value if key.startswith("options.")]:
        _, profile, option = key.split(".", 2)
        options.setdefault(profile, {})[option] = value.pop(key)
    keys = {name: value.pop(name) for name in list(value) if name.startswith("keys.")}
    return Project(
        name=choice.name,
        keys=KeySettings(**as_arguments({name[5:]: given for name, given in keys.items()})),
        memory_bytes=value.pop("memory"),
        disk_bytes=value.pop("disk"),
        git_name=value.pop("git.name"),
        git_email=value.pop("git.email"),
        options=options,
        person_file=person_file,
        repo_root=repo_root,
        origin=origin,
        is_in_person_file=is_in_person_file,
        holds_origin=choice.holds_origin,
        provenance=provenance(settings),
        **value,
    )
