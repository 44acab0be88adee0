"""Infisical, by `infisical`: all secrets of one folder of one environment."""

from __future__ import annotations

import re

from . import answers
from .provider import ByProgram, Tools, Values


class Infisical(ByProgram):
    """https://infisical.com/docs/cli/commands/export."""

    scheme = "infisical"
    program = "infisical"
    form = re.compile(r"[A-Za-z0-9-]+/[a-z0-9-]+(/[\w-]+)*", re.ASCII)
    example = "infisical://PROJECT_ID/ENVIRONMENT, /FOLDER behind it, #NAME at the end"
    own_variables = "INFISICAL_"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        project, environment, *folders = path.split("/")
        words = ("export", "--silent", "--format=json", f"--projectId={project}")
        where = (f"--env={environment}", f"--path=/{'/'.join(folders)}")
        return answers.json_list(self.ask(tools, *words, *where), self.program)
