"""Keys in JSON files that belong to somebody else, such as an agent's settings."""

from __future__ import annotations

import base64
import binascii
import difflib
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..facts import Facts
from ..shell import quote_path
from ..step import Change, Step
from .path import PathStep
from .write import emit, rewrite_file

_LIMIT = 8 * 1024 * 1024
_LONG = 60


@dataclass(frozen=True)
class Union:
    """A value of `JsonMerge`: these items shall be in the list; others in it stay."""

    items: Sequence[object]


@dataclass(frozen=True)
class Default:
    """A value of `JsonMerge`: set where the key is missing; what the user chose later stays."""

    value: object


class Unreadable(ValueError):
    """A file holds no JSON object; says why."""


@dataclass(frozen=True)
class JsonChange(Change):
    """A change that still knows what it started from, so that several to one file become one."""

    before: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class JsonMerge(PathStep):
    """Exactly these keys in a JSON object file, merged deeply; every other key stays as it is.

    An object merges into an object; any other value replaces what is there, but for `Union` and
    `Default`. A file that is no JSON object is an error and is never overwritten. State: the file,
    gzipped in base64, since text would lose its encoding and its last newlines. The merge is done
    here, and the change refuses a file that was rewritten since it was read.
    """

    kind = "json"
    keeps_state_in_log = False
    merges_after = ("command", "directory", "first-of")

    values: Mapping[str, object] = field(default_factory=dict, hash=False, repr=False)
    mode: str = field(default="0600", kw_only=True)
    """Of a file that is not there yet."""
    sensitive: bool = field(default=False, kw_only=True)
    """No diff is shown."""

    @property
    def name(self) -> str:
        """The path and the keys: several steps may merge into one file."""
        leaves = ",".join(_leaves(self.values))
        if len(leaves) > _LONG:
            leaves = f"{leaves[:_LONG]}~{hashlib.sha256(leaves.encode()).hexdigest()[:6]}"
        return f"{self.path}#{leaves}"

    @property
    def shares(self) -> str:
        """The file."""
        return self.path

    def probe(self) -> str:
        """Read the file, unless it is larger than any settings file."""
        path = quote_path(self.path)
        return "\n".join(
            [
                f"if [ ! -e {path} ]; then echo absent",
                f'elif [ "$(wc -c <{path})" -gt {_LIMIT} ]; then echo large',
                f"else gzip -1 -c <{path} | base64 -w 0; fi",
            ]
        )

    def plan(self, state: str, facts: Facts) -> Change | None:
        """Merge, and write when that changes anything."""
        del facts
        if state == "large":
            return Change(f"{self.path} is larger than {_LIMIT >> 20} MiB: left alone", "")
        try:
            before = b"" if state == "absent" else _unpack(state)
            document = _parse(before)
        except Unreadable as error:
            return Change(f"{self.path} {error}; mend or move it, then run again", "")
        merged = merge_values(document, self.values)
        if state != "absent" and merged == document and _same_types(merged, document):
            return None
        is_new = state == "absent"
        summary = f"set {', '.join(self.values) or 'nothing'} in {self.path}"
        diff = "" if self.sensitive else _diff(self.path, document, merged)
        script = self._script(merged, None if is_new else before)
        return JsonChange(summary, script, diff, before=b"absent" if is_new else b"=" + before)

    def _script(self, document: Mapping[str, object], before: bytes | None) -> str:
        digest = "absent" if before is None else hashlib.sha256(before).hexdigest()
        after = _dump(document)
        done = hashlib.sha256(after).hexdigest()
        produce = "\n".join(
            [
                "nopal_now=absent",
                'if [ -e "$nopal_to" ]; then',
                'nopal_now=$(sha256sum <"$nopal_to"); nopal_now=${nopal_now%% *}; fi',
                # A joint change that failed at another file may have come so far.
                f'if [ "$nopal_now" = {done} ]; then exit 0; fi',
                f'if [ "$nopal_now" != {digest} ]; then',
                'echo "$nopal_to was changed by another program meanwhile: run again"; exit 1; fi',
                f'{emit(after)} >"$nopal_new"',
            ]
        )
        return rewrite_file(self.path, produce, mode=self.mode)

    @classmethod
    def merge(cls, steps: Sequence[Step], changes: Sequence[Change]) -> Change | None:
        """Make one change of all, with one write for each file.

        Each change was planned from the same content: one after the other, the second would find
        the file changed.
        """
        by_path: dict[str, list[tuple[JsonMerge, JsonChange]]] = {}
        for step, change in zip(steps, changes, strict=True):
            if isinstance(step, JsonMerge) and isinstance(change, JsonChange):
                by_path.setdefault(step.path, []).append((step, change))
            else:
                return None
        scripts = []
        for group in by_path.values():
            first, start = group[0]
            before = None if start.before == b"absent" else start.before[1:]
            document = _parse(before or b"")
            for step, _ in group:
                document = merge_values(document, step.values)
            scripts.append(f"(\nset -e\n{first._script(document, before)}\n)")
        return Change(
            "; ".join(change.summary for change in changes),
            "\n".join(scripts),
            "".join(change.diff for change in changes),
        )


def merge_values(old: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """Return `old` with `values` merged in; keys keep their order, new ones follow."""
    merged = dict(old)
    for key, value in values.items():
        merged[key] = _merge_one(merged.get(key), value, is_there=key in merged)
    return merged


def _merge_one(old: object, value: object, *, is_there: bool) -> object:
    if isinstance(value, Default):
        return old if is_there else _merge_one(None, value.value, is_there=False)
    if isinstance(value, Union):
        kept = list(old) if isinstance(old, list) else []
        return kept + [item for item in _plain(value.items) if item not in kept]
    if isinstance(value, Mapping):
        return merge_values(old if isinstance(old, Mapping) else {}, value)
    return _plain(value) if isinstance(value, (list, tuple)) else value


def _plain(items: Sequence[object]) -> list[object]:
    return [_merge_one(None, item, is_there=False) for item in items]


def _leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def _same_types(one: object, other: object) -> bool:
    """Whether equal documents are equal in JSON too: Python takes `1`, `1.0` and `true` for one."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _unpack(state: str) -> bytes:
    try:
        return zlib.decompress(base64.b64decode(state, validate=True), wbits=31)
    except (binascii.Error, ValueError, zlib.error) as error:
        message = f"could not be read ({error})"
        raise Unreadable(message) from error


def _parse(data: bytes) -> dict[str, object]:
    if not data.strip():
        return {}
    try:
        document = json.loads(data.decode("utf-8"))
    except ValueError as error:
        message = f"is not valid JSON ({error})"
        raise Unreadable(message) from error
    except RecursionError as error:
        message = "is nested too deeply"
        raise Unreadable(message) from error
    if not isinstance(document, dict):
        message = "holds no JSON object"
        raise Unreadable(message)
    return document


def _dump(document: Mapping[str, object]) -> bytes:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON can hold only as an escape.
        return (json.dumps(document, indent=2) + "\n").encode()


def _diff(path: str, old: Mapping[str, object], new: Mapping[str, object]) -> str:
    # Without context lines: what stands around the changed keys is the user's, and may be secret.
    texts = [_dump(each).decode("utf-8").splitlines(keepends=True) for each in (old, new)]
    return "".join(difflib.unified_diff(texts[0], texts[1], path, path, n=0))
