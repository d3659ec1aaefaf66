"""The frame of the worker's channel and its bounded text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.repl.worker import wire
from rlm_tui.repl.worker.clip import Clip


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
@settings(deadline=None, max_examples=100)
def test_texts_come_back_as_they_went(texts: list[str]) -> None:
    sizes, payload, replaced = wire.join(texts)
    assert replaced == 0
    assert wire.split(sizes, payload) == texts


@given(st.text(st.characters()))
@settings(deadline=None, max_examples=100)
def test_encoding_replaces_lone_surrogates_and_counts_them(text: str) -> None:
    data, count = wire.encode(text)
    assert count == sum("\ud800" <= char <= "\udfff" for char in text)
    assert len(data.decode()) == len(text)


@pytest.mark.parametrize("sizes", [[], [2], [4], [-1, 4], [1, 1]])
def test_sizes_that_do_not_fit_are_refused(sizes: list[int]) -> None:
    with pytest.raises(wire.FrameError):
        wire.split(sizes, b"abc")


def test_a_header_comes_back_as_it_went() -> None:
    header = {"op": "run", "name": "ü\ud800"}
    frame = wire.pack(header, 7)
    size, payload = wire.LENGTHS.unpack_from(frame)
    assert payload == 7
    body = frame[wire.LENGTHS.size :]
    assert len(body) == size
    assert wire.unpack(body) == {"op": "run", "name": "ü\ufffd"}


@pytest.mark.parametrize("body", [b"[]", b"3", b"null"])
def test_a_header_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(wire.FrameError):
        wire.unpack(body)


@given(st.lists(st.text("ab\n", max_size=40), max_size=60), st.integers(1, 30))
@settings(deadline=None, max_examples=200)
def test_a_clip_keeps_head_and_tail_and_counts_the_rest(pieces: list[str], keep: int) -> None:
    clip = Clip(keep)
    heads = "".join(clip.add(piece) for piece in pieces)
    whole = "".join(pieces)
    assert heads == whole[:keep]
    assert clip.dropped == max(0, len(whole) - 2 * keep)
    if clip.dropped:
        assert clip.text() == f"{heads}\n… {clip.dropped:,} characters of output dropped here …\n{whole[-keep:]}"
    else:
        assert clip.text() == whole


def test_a_clip_of_many_small_pieces_stays_small() -> None:
    clip = Clip(10_000)
    for _ in range(30_000):
        clip.add("x")
    assert len(clip.text()) < 20_100
    assert clip.dropped == 10_000
