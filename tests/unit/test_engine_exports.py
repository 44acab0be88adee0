"""What `provision` offers to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import provision


def test_the_names_for_type_checkers_are_the_names_that_load() -> None:
    tree = ast.parse(Path(provision.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    declared = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert declared == provision.HOME


def test_every_public_name_loads() -> None:
    assert [name for name in dir(provision) if not hasattr(provision, name)] == []


def test_importing_the_steps_and_the_engine_loads_neither_ssh_nor_templates() -> None:
    names = "Apt, File, Template, GitClone, Check, converge, SshAddress"
    code = (
        f"import sys; from provision import {names};"
        "print(*{'fabric', 'paramiko', 'jinja2', 'invoke'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""


def test_only_the_transport_by_fabric_and_its_parts_know_paramiko() -> None:
    room = Path(provision.__file__).parent
    knowing = {
        str(path.relative_to(room))
        for path in room.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [getattr(node, "module", None) or "", *(a.name for a in node.names)]
        if name.split(".")[0] in {"fabric", "paramiko"} and not getattr(node, "level", 0)
    }
    assert knowing == {f"transport/{name}.py" for name in ("connection", "fabric", "login", "sftp")}
