"""Files that SOPS encrypted, by age or any other of its ways, by `sops`."""

from __future__ import annotations

from . import answers
from .file import PLACE, place
from .provider import ByProgram, Tools, Values


class Sops(ByProgram):
    """The values of one file; deeper ones have keys with dots, `#database.password`."""

    scheme = "sops"
    program = "sops"
    form = PLACE
    example = "sops://~/FILE#KEY or sops:///FILE#KEY"
    own_variables = "SOPS_|AWS_|AZURE_|GOOGLE_|CLOUDSDK_|VAULT_"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        file = str(place(path, tools))
        answer = self.ask(tools, "--decrypt", "--output-type", "json", file)
        return answers.json_values(answer, self.program)
