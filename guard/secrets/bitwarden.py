"""Bitwarden Secrets Manager, by `bws`: all secrets of a project."""

from __future__ import annotations

import re

from . import answers
from .provider import ByProgram, Tools, Values


class Bitwarden(ByProgram):
    """JSON, since its own dotenv comments out the names that no shell takes."""

    scheme = "bws"
    program = "bws"
    form = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    example = "bws://PROJECT_ID or bws://PROJECT_ID#KEY"
    login = "set BWS_ACCESS_TOKEN where nopal is started"
    own_variables = "BWS_"

    def lacks(self, tools: Tools) -> str:
        """See ByProgram."""
        return "" if tools.environ.get("BWS_ACCESS_TOKEN") else "BWS_ACCESS_TOKEN is not set"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        words = ("secret", "list", path, "--output", "json", "--color", "no")
        return answers.json_list(self.ask(tools, *words), self.program)
