"""Doppler, by `doppler`: all secrets of one config."""

from __future__ import annotations

import re

from . import answers
from .provider import ByProgram, Tools, Values

_ITS_OWN = ("DOPPLER_PROJECT", "DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT")


class Doppler(ByProgram):
    """Without the fallback file, which would put them on this computer's disk."""

    scheme = "doppler"
    program = "doppler"
    form = re.compile(r"\w[\w-]*/\w[\w-]*", re.ASCII)
    example = "doppler://PROJECT/CONFIG or doppler://PROJECT/CONFIG#NAME"
    own_variables = "DOPPLER_"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        project, _, config = path.partition("/")
        words = ("secrets", "download", "--no-file", "--no-fallback", "--format", "json")
        answer = self.ask(tools, *words, "--project", project, "--config", config)
        found = answers.json_values(answer, self.program)
        return {name: value for name, value in found.items() if name not in _ITS_OWN}
