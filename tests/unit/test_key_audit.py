from __future__ import annotations

from io import BytesIO

from nopal.key_audit import read_objects


def batch(name: str, kind: str, content: bytes) -> bytes:
    return f"{name} {kind} {len(content)}\n".encode() + content + b"\n"


def test_only_commits_and_tags_are_read() -> None:
    stream = batch("aa", "tree", b"\n\n") + batch("bb", "commit", b"x\n") + batch("cc", "tag", b"")
    found = [*read_objects(BytesIO(stream))]
    assert found == [(b"commit", b"bb", b"x\n"), (b"tag", b"cc", b"")]


def test_what_is_too_large_for_a_commit_is_passed_over() -> None:
    large = batch("aa", "commit", b"a commit\n" * 300_000)
    found = [*read_objects(BytesIO(large + batch("bb", "commit", b"x")))]
    assert found == [(b"commit", b"bb", b"x")]


def test_a_batch_that_is_cut_short_ends() -> None:
    assert [*read_objects(BytesIO(batch("aa", "tree", b"y" * 9)[:-5]))] == []
