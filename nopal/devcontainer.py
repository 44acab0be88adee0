"""What of a devcontainer.json a project can take over, and why not the rest. Pure.

The file came with somebody's repo. Nothing in it chooses a path, a command or a key of this
computer; its commands run in the machine, and only those that the person has seen.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .devcontainer_tools import Tool, tool_of_feature, tool_of_image
from .errors import Place, ProjectFaults, UnreadableFile

PLACES = (".devcontainer/devcontainer.json", ".devcontainer.json")
"""Where such a file is looked for below the top of a repo."""
AGENTS = ("git", "claude", "codex", "gh")
"""Profiles that every project of this kind gets, as one without a file does."""

_LONGEST = 4096
_SHOWN = 60
_SSH, _LAST_PORT = 22, 65535
_OWN_VARIABLES = ("HOME", "PATH", "SHELL", "SSH_AUTH_SOCK", "USER", "LOGNAME")
_COMMANDS = ("onCreateCommand", "updateContentCommand", "postCreateCommand")
"""In the order in which they run, each once after the clone."""

_NO_CONTAINER = "an option of containers; the machine is a whole one, with sudo"
_NO_BUILD = "nothing is built from a Dockerfile: name profiles, or `options.base.packages`"
_NO_COMPOSE = "the machine is no service of it: run `docker compose up` inside"
_NO_MOUNT = "only your own file can mount folders of your computer"
_NO_EDITOR = "a matter of the editor"
_EACH_TIME = "only what runs once, after the clone, is taken over"
_WHY_NOT = {
    "appPort": "name the ports in `ports`",
    "build": _NO_BUILD,
    "capAdd": _NO_CONTAINER,
    "containerUser": "the machine's user is `dev`, with sudo",
    "context": _NO_BUILD,
    "customizations": _NO_EDITOR,
    "dockerComposeFile": _NO_COMPOSE,
    "dockerFile": _NO_BUILD,
    "hostRequirements": "set `cpus`, `memory` and `disk`",
    "init": _NO_CONTAINER,
    "initializeCommand": "it would run on your computer: never",
    "mounts": _NO_MOUNT,
    "otherPortsAttributes": _NO_EDITOR,
    "overrideCommand": _NO_CONTAINER,
    "overrideFeatureInstallOrder": "profiles know what they require",
    "portsAttributes": _NO_EDITOR,
    "postAttachCommand": _EACH_TIME,
    "postStartCommand": _EACH_TIME,
    "privileged": _NO_CONTAINER,
    "remoteUser": "the machine's user is `dev`, with sudo",
    "runArgs": _NO_CONTAINER,
    "runServices": _NO_COMPOSE,
    "secrets": "secrets are named in your own file alone",
    "securityOpt": _NO_CONTAINER,
    "service": _NO_COMPOSE,
    "shutdownAction": "`inv down` stops the machine",
    "updateRemoteUserUID": "the machine's user is `dev`, with sudo",
    "userEnvProbe": _NO_EDITOR,
    "waitFor": _NO_EDITOR,
    "workspaceFolder": "clones are in ~/code",
    "workspaceMount": _NO_MOUNT,
}
_COSMETIC = ("$schema", "name")
_TAKEN = ("image", "features", "forwardPorts", "containerEnv", "remoteEnv", *_COMMANDS)


@dataclass(frozen=True)
class LeftOut:
    """Something that was not taken over."""

    key: str
    why: str

    def __str__(self) -> str:
        return f"{shown(self.key)}: {self.why}"


@dataclass
class Adoption:
    """What a project gets of a devcontainer.json, and what it does not."""

    profiles: list[str] = field(default_factory=list)
    options: dict[str, dict[str, object]] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave(self, key: str, why: str) -> None:
        """Note what is not taken over."""
        self.left_out.append(LeftOut(key, why))

    def add(self, key: str, tool: Tool) -> None:
        """Take a profile; of two versions of one program the first counts."""
        for note in tool.notes:
            self.leave(key, note)
        if not tool.profile:
            return
        if tool.profile not in self.profiles:
            self.profiles.append(tool.profile)
        if tool.options:
            kept = self.options.setdefault(tool.profile, dict(tool.options))
            if kept != tool.options:
                self.leave(key, f"another version of {tool.profile} is named before")


def parse(path: Path, text: str) -> Mapping[str, object]:
    """Return the object in a devcontainer.json: JSON with comments and commas at the end.

    Raises:
        ProjectFaults: it is something else.
    """
    import json5  # noqa: PLC0415 - 20 ms, for this one verb

    try:
        found = json5.loads(text, allow_duplicate_keys=False)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise ProjectFaults(
            (UnreadableFile(Place(path), f"no JSON with comments: {shown(reason)}"),)
        ) from None
    if not isinstance(found, dict):
        raise ProjectFaults((UnreadableFile(Place(path), "no object, `{…}`, is in it"),))
    return found


def adopt(config: Mapping[str, object]) -> Adoption:
    """Return what a project can take over of `config`, whatever it holds."""
    result = Adoption()
    _image(config, result)
    _features(config.get("features", {}), result)
    result.profiles += [name for name in AGENTS if name not in result.profiles]
    _environment(config, result)
    _ports(config.get("forwardPorts", []), result)
    _commands(config, result)
    for key in config:
        if key not in (*_TAKEN, *_COSMETIC):
            result.leave(key, _WHY_NOT.get(key, "nopal does not know it"))
    return result


def shown(text: str) -> str:
    """Return `text` as it may be shown: short, on one line, without control characters."""
    short = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return short if short.isprintable() else ascii(short)


def _image(config: Mapping[str, object], result: Adoption) -> None:
    image = config.get("image")
    if image is None:
        return
    tool = tool_of_image(image) if isinstance(image, str) else None
    if tool is None:
        result.leave("image", f"no profile stands for {shown(str(image))}")
    else:
        result.add("image", tool)


def _features(features: object, result: Adoption) -> None:
    if not isinstance(features, dict):
        result.leave("features", "it is no object")
        return
    for name, options in features.items():
        # A plain text is short for the version.
        given = {"version": options} if isinstance(options, str) else options
        tool = tool_of_feature(name, given if isinstance(given, dict) else {})
        if tool is None:
            result.leave(f"feature {name}", "no profile stands for it")
        else:
            result.add(f"feature {name.rpartition('/')[2]}", tool)


def _environment(config: Mapping[str, object], result: Adoption) -> None:
    variables: dict[str, object] = {}
    for key in ("containerEnv", "remoteEnv"):
        given = config.get(key, {})
        if not isinstance(given, dict):
            result.leave(key, "it is no object")
            continue
        for name, value in given.items():
            if why := _why_no_variable(name, value):
                result.leave(f"{key}.{name}", why)
            else:
                variables[name] = value
    if variables:
        result.options["base"] = {"environment": variables}


def _why_no_variable(name: str, value: object) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return "no name of a variable"
    if name in _OWN_VARIABLES:
        return "the machine sets it itself"
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST:
        return "its value is no short line of text"
    if "${" in value:
        return "values of your computer or of a container do not exist in the machine"
    return ""


def _ports(ports: object, result: Adoption) -> None:
    for port in ports if isinstance(ports, list) else [ports]:
        text = str(port).removeprefix("localhost:")
        is_number = not isinstance(port, bool) and re.fullmatch(r"[0-9]{1,5}", text)
        if is_number and 0 < int(text) <= _LAST_PORT and int(text) != _SSH:
            result.ports += [int(text)] if int(text) not in result.ports else []
        else:
            result.leave(f"forwardPorts {shown(text)}", "no port of the machine itself")


def _commands(config: Mapping[str, object], result: Adoption) -> None:
    commands: list[str] = []
    for key in _COMMANDS:
        for command in _spelt_out(config.get(key)):
            if command is None or not _is_plain(command):
                result.leave(key, "it is no text of a command, or one too long")
            elif command.strip():
                commands.append(command)
    if commands:
        result.profiles.append("devcontainer")
        result.options["devcontainer"] = {"post_create": commands}


def _spelt_out(command: Any) -> Iterator[str | None]:
    """Yield the commands of a text, of arguments, or of an object of these; None for another."""
    match command:
        case None:
            return
        case str():
            yield command
        case list() if command and all(isinstance(word, str) for word in command):
            yield shlex.join(command)
        case dict():
            # They may run side by side; one after the other does as well.
            for each in command.values():
                yield from _spelt_out(each if isinstance(each, str | list) else False)
        case _:
            yield None


def _is_plain(command: str) -> bool:
    # What is hidden from the person's eyes has not been consented to.
    return len(command) <= _LONGEST and command.replace("\n", "").replace("\t", "").isprintable()
