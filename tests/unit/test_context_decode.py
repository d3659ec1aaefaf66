"""Bytes into canonical text, and what is refused."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.context.decode import decode, what_binary
from rlm_tui.errors import DocumentError

_TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=60)


@settings(deadline=None)
@given(_TEXT.filter(lambda text: not text.startswith("\ufeff")))
def test_utf8_is_taken_as_it_is(text: str) -> None:
    decoded = decode(text.encode(), "a.txt")
    assert decoded.text == text
    assert decoded.is_exact
    assert not decoded.notes


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
@settings(deadline=None, max_examples=30)
@given(text=_TEXT)
def test_a_byte_order_mark_names_the_encoding_and_goes(mark: bytes, encoding: str, text: str) -> None:
    decoded = decode(mark + text.encode(encoding), "a.txt")
    assert decoded.text == text
    assert not decoded.notes
    assert not decoded.is_exact


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_seen_by_its_zeros(encoding: str) -> None:
    assert decode("plain words\n".encode(encoding), "a.txt").text == "plain words\n"


def test_newlines_are_kept() -> None:
    assert decode(b"a\r\nb\rc\n\x0cd", "a.txt").text == "a\r\nb\rc\n\x0cd"


def test_windows_text_is_guessed_with_a_note_that_names_the_file() -> None:
    decoded = decode("Müller – “Käse” kostet 5 €".encode("cp1252"), "brief.txt")
    assert decoded.text == "Müller – “Käse” kostet 5 €"
    assert "brief.txt" in decoded.notes[0]
    assert "Windows-1252" in decoded.notes[0]


def test_bytes_that_the_windows_page_lacks_fall_back_to_latin_1() -> None:
    decoded = decode(b"caf\xe9 \x81 and more text", "a.txt")
    assert decoded.text == "café \x81 and more text"
    assert "Latin-1" in decoded.notes[0]


def test_one_wrong_byte_does_not_spoil_the_other_characters_of_utf8() -> None:
    decoded = decode("grüße, größe, höhe ".encode() + b"\xff" + b" ende", "log.txt")
    assert decoded.text == "grüße, größe, höhe \ufffd ende"
    assert decoded.notes == ["log.txt is not whole as UTF-8: 1 place became U+FFFD."]


def test_utf16_that_is_cut_off_is_read_with_a_note() -> None:
    decoded = decode(codecs.BOM_UTF16_LE + "abc".encode("utf-16-le")[:-1], "a.txt")
    assert decoded.text == "ab\ufffd"
    assert "UTF-16-LE" in decoded.notes[0]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_encodable_text_unless_they_are_binary(data: bytes) -> None:
    if what_binary(data):
        with pytest.raises(DocumentError, match=r"^x\.bin is "):
            decode(data, "x.bin")
    else:
        decode(data, "x.bin").text.encode()


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"PK\x03\x04....", "office"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"some text\x00with a zero", "binary"),
        (bytes(range(1, 32)) * 4, "binary"),
    ],
)
def test_what_is_no_text_is_named(head: bytes, word: str) -> None:
    assert word in (what_binary(head) or "")
    with pytest.raises(DocumentError, match=word):
        decode(head, "x")


def test_a_zero_far_into_a_text_makes_it_binary() -> None:
    with pytest.raises(DocumentError, match="binary"):
        decode(b"a" * 100_000 + b"\x00", "x")
