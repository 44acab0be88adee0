"""Skills from the person's computer: root's files, so that an agent reads them and leaves them.

Claude Code looks for skills in ~/.claude/skills, Codex and others in ~/.agents/skills.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from provision import Command, File, Link, Step
from provision.shell import join, quote

from .guest import Guest

SKILL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_ROOT = "/usr/local/share/nopal/skills"
_SHOWN = ("~/.claude/skills", "~/.agents/skills")


def skills(guest: Guest) -> Iterator[Step]:
    """Put the skills there, show them to the agents, and remove those that are no longer wanted."""
    wanted = []
    for skill in guest.skills:
        for file in skill.files:
            wanted.append(f"./{skill.name}/{file.path}")
            mode = "0755" if file.is_executable else "0644"
            yield File(f"{_ROOT}/{skill.name}/{file.path}", file.content, mode=mode)
        for folder in _SHOWN:
            yield Link(f"{folder}/{skill.name}", f"{_ROOT}/{skill.name}")
    yield _tidy(guest, wanted)


def _tidy(guest: Guest, wanted: list[str]) -> Step:
    name = "skills no longer wanted"
    # Links of a skill that is gone lead nowhere; the person's own skills are no links to there.
    shown = join([guest.absolute(folder) for folder in _SHOWN])
    links = f"find {shown} -maxdepth 1 -lname '{_ROOT}/*' -xtype l -delete 2>/dev/null || :"
    if not wanted:
        return Command(f"rm -rf {_ROOT}\n{links}", unless=f"[ ! -e {_ROOT} ]", name=name)
    text = "".join(f"{path}\n" for path in sorted(wanted))
    digest = hashlib.sha256(text.encode()).hexdigest()
    there = f"cd {_ROOT} && find . -type f | LC_ALL=C sort"
    script = f"""\
printf %s {quote(text)} > {_ROOT}/.wanted
cd {_ROOT}
find . -type f | grep -vxF -f .wanted | tr '\\n' '\\0' | xargs -0 -r rm -f --
find . -mindepth 1 -type d -empty -delete
{links}"""
    return Command(script, unless=f'[ "$({there} | sha256sum)" = "{digest}  -" ]', name=name)
