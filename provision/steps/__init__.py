"""Step kinds, one module each, loaded when they are first named."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .apt import Apt as Apt
    from .apt_repository import AptRepository as AptRepository
    from .archive import Archive as Archive
    from .block import Block as Block
    from .check import Check as Check
    from .command import Command as Command
    from .directory import Directory as Directory
    from .file import File as File
    from .first_of import FirstOf as FirstOf
    from .git_clone import GitClone as GitClone
    from .git_config import GitConfig as GitConfig
    from .json_merge import Default as Default
    from .json_merge import JsonMerge as JsonMerge
    from .json_merge import Union as Union
    from .line import Line as Line
    from .link import Link as Link
    from .npm import Npm as Npm
    from .service import Service as Service
    from .sysctl import Sysctl as Sysctl
    from .template import Template as Template
    from .unit import Unit as Unit
    from .user import Member as Member
    from .user import User as User

KINDS = {
    "Apt": "apt",
    "AptRepository": "apt_repository",
    "Archive": "archive",
    "Block": "block",
    "Check": "check",
    "Command": "command",
    "Default": "json_merge",
    "Directory": "directory",
    "File": "file",
    "FirstOf": "first_of",
    "GitClone": "git_clone",
    "GitConfig": "git_config",
    "JsonMerge": "json_merge",
    "Line": "line",
    "Link": "link",
    "Member": "user",
    "Npm": "npm",
    "Service": "service",
    "Sysctl": "sysctl",
    "Template": "template",
    "Union": "json_merge",
    "Unit": "unit",
    "User": "user",
}
"""Each public name and the module that has it."""


def __getattr__(name: str) -> object:
    if name not in KINDS:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f".{KINDS[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(KINDS)
