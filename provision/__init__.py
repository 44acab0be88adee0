"""The converge engine: declare, probe, plan, apply, prove.

Every public name can be imported from here; its module is loaded when the name is first used, so
that listing tasks does not pay for SSH or templates.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .engine import Outcome as Outcome
    from .engine import converge as converge
    from .errors import ContradictingSteps as ContradictingSteps
    from .errors import ConvergeError as ConvergeError
    from .errors import GuestUnreachable as GuestUnreachable
    from .errors import HostKeyChanged as HostKeyChanged
    from .errors import HostKeyUnknown as HostKeyUnknown
    from .errors import LoginRefused as LoginRefused
    from .errors import StepFailed as StepFailed
    from .errors import SudoRefused as SudoRefused
    from .errors import UnsupportedGuest as UnsupportedGuest
    from .facts import Facts as Facts
    from .report import Report as Report
    from .report import SilentReport as SilentReport
    from .report import Status as Status
    from .report import StepResult as StepResult
    from .select import NothingSelected as NothingSelected
    from .select import Selection as Selection
    from .shell import quote as quote
    from .step import Change as Change
    from .step import Edit as Edit
    from .step import Rewrite as Rewrite
    from .step import RunAs as RunAs
    from .step import Step as Step
    from .steps.apt import Apt as Apt
    from .steps.apt_repository import AptRepository as AptRepository
    from .steps.apt_upgrade import AptUpgrade as AptUpgrade
    from .steps.archive import Archive as Archive
    from .steps.block import Block as Block
    from .steps.cargo import Cargo as Cargo
    from .steps.check import Check as Check
    from .steps.command import Command as Command
    from .steps.deb import Deb as Deb
    from .steps.directory import Directory as Directory
    from .steps.file import File as File
    from .steps.first_of import FirstOf as FirstOf
    from .steps.git_clone import GitClone as GitClone
    from .steps.git_config import GitConfig as GitConfig
    from .steps.go_install import GoInstall as GoInstall
    from .steps.json_merge import Default as Default
    from .steps.json_merge import JsonMerge as JsonMerge
    from .steps.json_merge import Union as Union
    from .steps.line import Line as Line
    from .steps.link import Link as Link
    from .steps.npm import Npm as Npm
    from .steps.service import Service as Service
    from .steps.sysctl import Sysctl as Sysctl
    from .steps.template import Template as Template
    from .steps.unit import Unit as Unit
    from .steps.user import Member as Member
    from .steps.user import User as User
    from .steps.uv_tool import UvTool as UvTool
    from .transport import Transport as Transport
    from .transport.address import SshAddress as SshAddress
    from .transport.dial import connect_fabric as connect_fabric
    from .transport.fabric import FabricTransport as FabricTransport
    from .transport.local import LocalTransport as LocalTransport
    from .transport.openssh import OpenSshTransport as OpenSshTransport
    from .transport.openssh import is_master_alive as is_master_alive
    from .transport.ssh_config import SshConfig as SshConfig
    from .transport.target import BadTarget as BadTarget
    from .transport.target import Target as Target
    from .transport.target import parse_target as parse_target

MODULES = {
    "engine": "Outcome converge",
    "errors": "ContradictingSteps ConvergeError GuestUnreachable HostKeyChanged HostKeyUnknown "
    "LoginRefused StepFailed SudoRefused UnsupportedGuest",
    "facts": "Facts",
    "report": "Report SilentReport Status StepResult",
    "select": "NothingSelected Selection",
    "shell": "quote",
    "step": "Change Edit Rewrite RunAs Step",
    "steps.apt": "Apt",
    "steps.apt_repository": "AptRepository",
    "steps.apt_upgrade": "AptUpgrade",
    "steps.archive": "Archive",
    "steps.block": "Block",
    "steps.cargo": "Cargo",
    "steps.deb": "Deb",
    "steps.directory": "Directory",
    "steps.file": "File",
    "steps.go_install": "GoInstall",
    "steps.json_merge": "Default JsonMerge Union",
    "steps.line": "Line",
    "steps.link": "Link",
    "steps.service": "Service",
    "steps.sysctl": "Sysctl",
    "steps.template": "Template",
    "steps.unit": "Unit",
    "steps.user": "Member User",
    "steps.uv_tool": "UvTool",
    "steps.check": "Check",
    "steps.command": "Command",
    "steps.first_of": "FirstOf",
    "steps.git_clone": "GitClone",
    "steps.git_config": "GitConfig",
    "steps.npm": "Npm",
    "transport": "Transport",
    "transport.address": "SshAddress",
    "transport.dial": "connect_fabric",
    "transport.fabric": "FabricTransport",
    "transport.local": "LocalTransport",
    "transport.openssh": "OpenSshTransport is_master_alive",
    "transport.ssh_config": "SshConfig",
    "transport.target": "BadTarget Target parse_target",
}
HOME = {name: module for module, names in MODULES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Load the module that holds `name` (PEP 562)."""
    if name not in HOME:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f".{HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    """List what can be imported from here."""
    return sorted(HOME)
