"""What a terminal sends: any bytes in any pieces are text, and what is pasted holds no escape that could act."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.ui.typed_in import BEGIN, END, Decoder

TYPED = st.text("ab\x1b[0m~é\n", max_size=12).filter(lambda text: BEGIN not in text)
PASTED = st.text("ab\x1b[0m~1é\n", max_size=20).filter(lambda text: END not in text)


def read(pieces: list[bytes]) -> str:
    decoder = Decoder()
    return "".join(decoder.decode(piece) for piece in pieces) + decoder.decode(b"", final=True)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    ends = sorted({min(each, len(data)) for each in at} | {len(data)})
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(TYPED, PASTED), max_size=3), TYPED, st.lists(st.integers(0, 120), max_size=6))
def test_what_is_typed_comes_as_it_is_and_what_is_pasted_without_escapes(
    parts: list[tuple[str, str]], last: str, at: list[int]
) -> None:
    sent = "".join(f"{typed}{BEGIN}{pasted}{END}" for typed, pasted in parts) + last
    known = "".join(f"{typed}{BEGIN}{pasted.replace(chr(27), '␛')}{END}" for typed, pasted in parts) + last
    assert read(cut(sent.encode(), at)) == known


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_any_bytes_are_text(data: bytes, at: list[int]) -> None:
    assert read(cut(data, at)) == read([data])


def test_a_byte_that_is_no_text_is_shown_as_such_and_ends_nothing() -> None:
    assert read([b"caf\xe9 ", b"\xff", b"\xc3", b"\xa9"]) == "caf� �é"
