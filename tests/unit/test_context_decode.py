"""Bytes into canonical text, and what is refused."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.context.decode import declared_encoding, decode, what_binary
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
        (b"some text\x00\x01\x02", "binary"),
        (b"caf\xe9\x00 of another code page", "binary"),
        (b"notes.txt" + bytes(248) + b"ustar", "tar"),
        (bytes(range(1, 32)) * 4, "binary"),
    ],
)
def test_what_is_no_text_is_named(head: bytes, word: str) -> None:
    assert word in (what_binary(head) or "")
    with pytest.raises(DocumentError, match=word):
        decode(head, "x")


@pytest.mark.parametrize("data", [b"one line\n" + bytes(4000) + b"and more words\n" * 300, b"a" * 100_000 + b"\x00"])
def test_zeros_in_a_text_are_kept_with_a_note(data: bytes) -> None:
    decoded = decode(data, "x.log")
    assert decoded.text == data.decode()
    assert decoded.notes == [
        f"x.log holds {data.count(0):,} NUL character{'s' * (data.count(0) > 1)}; code in the REPL sees them, too."
    ]


@pytest.mark.parametrize(
    ("encoding", "name", "text"),
    [
        ("cp932", "Shift-JIS", "これは日本語の文章です。東京の天気は晴れでした。カタカナも①書きます。"),
        ("euc_jp", "EUC-JP", "これは日本語の文章です。東京の天気は晴れでした。カタカナも書きます。"),
        ("gb18030", "GB18030", "这是一个中文文本。北京今天天气很好，我们去公园散步。"),
        ("big5", "Big5", "這是一個中文文本。台北今天天氣很好，我們去公園散步。"),
        ("euc_kr", "EUC-KR", "이것은 한국어 문장입니다. 오늘 서울의 날씨는 맑습니다."),
        ("cp1251", "Windows-1251", "Это русский текст. Сегодня в Москве хорошая погода, и мы идём в парк."),
        ("koi8_r", "KOI8-R", "Это русский текст. Сегодня в Москве хорошая погода, и мы идем в парк."),
        ("cp1253", "Windows-1253", "Αυτό είναι ένα ελληνικό κείμενο. Ο καιρός είναι καλός."),
        ("cp1250", "Windows-1250", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("cp1252", "Windows-1252", "Le café est fermé aujourd’hui, à cause de la fête."),
        ("cp1252", "Windows-1252", "São Paulo, não há ação; copyright © 2020"),
        ("cp1252", "Windows-1252", "blåbær og rødgrød med fløde"),
    ],
)
def test_other_encodings_are_known_by_what_they_say_also_far_into_a_text(encoding: str, name: str, text: str) -> None:
    for data in (text.encode(encoding), b"plain words\n" * 9_000 + text.encode(encoding) + b"\nplain again"):
        decoded = decode(data, "a.txt")
        assert text in decoded.text
        assert decoded.notes == [f"a.txt is not UTF-8; it was read as {name}, so check that it reads well."]


def test_a_legacy_text_with_a_broken_byte_keeps_the_rest() -> None:
    text = "これは日本語の文章です。東京の天気は晴れでした。\n" * 40
    decoded = decode(text.encode("cp932") + b"\x81", "a.txt")
    assert decoded.text == text + "\ufffd"
    assert ["Shift-JIS" in decoded.notes[0], "1 place" in decoded.notes[1]] == [True, True]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", ["这是一个中文文本。\n北京今天天气很好。\n", "Русский текст, ещё слова\n", "emoji 😀 too\n"]
)
def test_utf16_without_a_mark_is_seen_in_any_script(encoding: str, text: str) -> None:
    decoded = decode((text * 3_000).encode(encoding), "a.txt")
    assert decoded.text == text * 3_000
    assert decoded.notes == [f"a.txt has no byte order mark; it was read as {encoding.upper()}."]


def test_a_text_of_mixed_encodings_keeps_the_letters_of_both() -> None:
    decoded = decode("größe, höhe, weiß, grün\n".encode() + "ein Café um 8\n".encode("cp1252") + b"\xff \n", "a.log")
    assert decoded.text == "größe, höhe, weiß, grün\nein Café um 8\n\ufffd \n"
    assert decoded.notes == [
        "a.log mixes encodings: 1 place not in UTF-8 was read as Windows-1252.",
        "a.log is not whole as UTF-8: 1 place became U+FFFD.",
    ]


def test_the_encoding_that_a_page_names_goes_before_a_guess() -> None:
    page = b'<?xml version="1.0" encoding="ISO-2022-JP"?><p>' + "東京".encode("iso2022_jp")
    assert declared_encoding(page) == "iso2022_jp"
    assert "東京" in decode(page, "a.html", declared="iso2022_jp").text
    assert decode("é€".encode("cp1252"), "a.html", declared="iso8859-1").text == "é€"
    assert declared_encoding(b'<meta charset="no-such-thing">') is None
    assert not decode("é".encode("cp1251", "ignore") + "да".encode("cp1251"), "a.html", declared="cp1251").notes
