"""Marks in a script's output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provision.framing import Framing, Mark, records
from provision.transport.wire import Lines

FRAMING = Framing("0123456789abcdef")

# What a step may print: anything, also the beginnings of marks, but not the nonce.
OUTPUT = st.lists(
    st.one_of(st.binary(max_size=30), st.sampled_from([b"\x1e", b"\n", b"\x1eend 0 0\n", b"\r\n"])),
    max_size=8,
).map(b"".join)


def as_a_shell_prints(outputs: list[bytes]) -> bytes:
    parts = []
    for index, output in enumerate(outputs):
        for verb in (b"state", b"end"):
            parts.append(b"\n\x1e%s %s %d\n" % (FRAMING.nonce.encode(), verb, index))
            parts.append(output if verb == b"state" else b"")
    return b"".join(parts)


@given(outputs=st.lists(OUTPUT, max_size=6), size=st.integers(1, 40))
def test_any_output_comes_back_as_its_own_record(outputs: list[bytes], size: int) -> None:
    stream = b"noise of a login shell" + as_a_shell_prints(outputs)
    lines: list[str] = []
    reader = Lines(lines.append)
    for start in range(0, len(stream), size):
        reader.feed(stream[start : start + size])
    reader.end()
    found = records(FRAMING, lines)
    for index, output in enumerate(outputs):
        text = output.decode(errors="backslashreplace")
        assert found["state", index] == text.rstrip("\n")


@given(line=st.text())
def test_any_line_is_a_mark_or_output(line: str) -> None:
    for text in (line, f"\x1e{FRAMING.nonce} {line}"):
        mark = FRAMING.read(text)
        assert mark is None or text.startswith(f"\x1e{FRAMING.nonce} {mark.verb} {mark.index}")


def test_a_mark_is_read() -> None:
    assert FRAMING.read(f"\x1e{FRAMING.nonce} end 12 3") == Mark("end", 12, 3)
    assert FRAMING.read(f"\x1e{FRAMING.nonce} say 2 0 a b ") == Mark("say", 2, 0, "a b ")


def test_the_mark_of_another_script_is_output() -> None:
    assert FRAMING.read("\x1efedcba9876543210 end 12 3") is None


def test_each_script_has_a_nonce_of_its_own() -> None:
    assert Framing().nonce != Framing().nonce
