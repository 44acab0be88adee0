"""Values that quoting, line ends and encodings get wrong."""

from __future__ import annotations

PEM = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIMadeUpForThisTestAndOpensNothingAtAllxyz0
-----END PRIVATE KEY-----
"""

AWKWARD = {
    "SPACES": "  two  spaces, and at the end  ",
    "DOLLAR": "pa$$word $HOME ${HOME} $(id) `id`",
    "SINGLE": "it's 'quoted' ''twice''",
    "DOUBLE": 'say "hello", "" and \\"',
    "HASH": "# no comment # at all",
    "BACKSLASH": "a\\b\\\\c\\n \\",
    "NEWLINE": "first\nsecond\n\nfourth",
    "LAST_NEWLINE": "ends with one\n",
    "PEM_KEY": PEM,
    "UTF8": "naïve ☃ 日本語 🔑 é",
    "CONTROL": "tab\there, return\rthere, escape \x1b[31m",
    "SYMBOLS": "!&;|<>()*?[]{}~^%=+@,:-",
    "EMPTY": "",
    "LONG": "0123456789abcdef" * 4096,
}
"""The last one has 64 KiB."""
