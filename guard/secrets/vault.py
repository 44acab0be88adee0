"""HashiCorp Vault's key-value stores of both versions, by `vault`."""

from __future__ import annotations

import json
import re

from . import answers
from .provider import ByProgram, ProviderFailed, Tools, Values


class Vault(ByProgram):
    """The fields of one secret."""

    scheme = "vault"
    program = "vault"
    form = re.compile(r"\w[\w.-]*(/[\w.@ -]+)+", re.ASCII)
    example = "vault://MOUNT/PATH or vault://MOUNT/PATH#FIELD"
    login = "vault login"
    own_variables = "VAULT_"

    def lacks(self, tools: Tools) -> str:
        """See ByProgram."""
        has_token = tools.environ.get("VAULT_TOKEN") or (tools.home / ".vault-token").exists()
        return "" if has_token else "not logged in: neither VAULT_TOKEN nor ~/.vault-token is there"

    def read(self, path: str, tools: Tools) -> Values:
        """See ByProgram."""
        answer = self.ask(tools, "kv", "get", "-format=json", path)
        try:
            data = json.loads(answer)["data"]
            # Version 2 wraps the fields once more, beside its metadata.
            fields = data["data"] if {"data", "metadata"} <= data.keys() else data
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ProviderFailed("vault: its answer is not that of `kv get`") from None
        return answers.json_values(json.dumps(fields), self.program)
