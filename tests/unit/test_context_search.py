"""Search and excerpts, and the outline."""

from __future__ import annotations

import re
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.context import search as search_module
from rlm_tui.context.document import Document, Heading, Part
from rlm_tui.context.outline import outline_rows
from rlm_tui.context.search import Hit, excerpt, find
from rlm_tui.errors import UsageError


def _document(*texts: str) -> Document:
    return Document([Part(f"{n}.txt", text=text) for n, text in enumerate(texts)], is_list=len(texts) > 1)


def _matches(document: Document, query: str, *, regex: bool = False, ignore_case: bool = True) -> list[str]:
    hits = find(document, query, regex=regex, ignore_case=ignore_case)
    return [document.parts[hit.part].text[hit.offset : hit.offset + hit.length] for hit in hits]


@settings(deadline=None)
@given(st.text("ab .*[(\\", max_size=30), st.text("ab.*[(\\", min_size=1, max_size=3))
def test_a_plain_query_is_found_where_str_find_finds_it(text: str, query: str) -> None:
    first = next(find(_document(text), query, ignore_case=False), None)
    assert (first.offset if first else -1) == text.find(query)


@settings(deadline=None)
@given(st.text("ab \n", max_size=60), st.sampled_from(["a", "ab", "a b", "aa", "b a b"]), st.integers(1, 9))
def test_windows_change_no_hit(text: str, query: str, window: int) -> None:
    pattern = r"\s+".join(query.split())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "_WINDOW", window)
        hits = list(find(_document(text), query))
    assert [(hit.offset, hit.length) for hit in hits] == [(m.start(), len(m[0])) for m in re.finditer(pattern, text)]


def test_hits_come_in_document_order_over_all_parts() -> None:
    document = _document("one fish", "no", "two FISH fish")
    assert list(find(document, "fish")) == [Hit(0, 4, 4), Hit(2, 4, 4), Hit(2, 9, 4)]
    assert len(list(find(document, "fish", ignore_case=False))) == 2


def test_a_phrase_is_found_across_a_line_or_page_break() -> None:
    assert _matches(_document("the magic\nnumber, the magic\r\n  number, magic\fnumber"), "magic number") == [
        "magic\nnumber",
        "magic\r\n  number",
        "magic\fnumber",
    ]


def test_a_regular_expression_sees_lines_and_empty_matches_are_no_hits() -> None:
    document = _document("alpha 12\nbeta 7")
    assert _matches(document, r"^\w+ \d+$", regex=True) == ["alpha 12", "beta 7"]
    assert _matches(document, r"x*", regex=True) == []


@pytest.mark.parametrize("query", ["", "  ", "\n"])
def test_an_empty_query_finds_nothing(query: str) -> None:
    assert _matches(_document("a b\nc"), query) == []


@pytest.mark.parametrize(("query", "place"), [("ab(c", "character 3"), ("*a", "character 1"), ("a{5,2}", "character")])
def test_a_bad_expression_is_told_at_once_and_where(query: str, place: str) -> None:
    with pytest.raises(UsageError, match=place):
        find(_document("x"), query, regex=True)


def test_an_expression_out_of_bounds_is_told() -> None:
    with pytest.raises(UsageError):
        find(_document("x"), "a{99999999999999999999}", regex=True)


def test_search_is_lazy() -> None:
    document = _document("a" * 1_000_000)
    assert [hit.offset for hit in islice(find(document, "a"), 3)] == [0, 1, 2]


@settings(deadline=None)
@given(st.text(max_size=120), st.integers(0, 119), st.integers(1, 30), st.integers(8, 60))
def test_an_excerpt_is_one_line_that_holds_the_hit_and_fits(text: str, offset: int, length: int, width: int) -> None:
    text = text + "x"
    offset = min(offset, len(text) - 1)
    length = min(length, len(text) - offset)
    shown = excerpt(_document(text), Hit(0, offset, length), width)
    assert len(shown.text) <= width
    assert "\n" not in shown.text
    assert 0 <= shown.start < shown.end <= len(shown.text)
    assert shown.end - shown.start == min(length, width - 2)


def test_an_excerpt_shows_where_it_was_cut() -> None:
    document = _document("0123456789 " * 20 + "NEEDLE" + " abcdefghij" * 20)
    shown = excerpt(document, next(find(document, "needle")), 40)
    assert shown.text[shown.start : shown.end] == "NEEDLE"
    assert shown.text[0] == shown.text[-1] == "…"
    assert excerpt(_document("short"), Hit(0, 0, 5), 40).text == "short"


def test_an_excerpt_is_safe_to_draw() -> None:
    assert "\x1b" not in excerpt(_document("a \x1b]52;c;eA\x07 b"), Hit(0, 0, 1), 40).text


def test_the_outline_has_parts_pages_and_headings_in_order() -> None:
    pdf = Part("report.pdf", "pdf", headings=[Heading("Second\x1b", 2, 6)])
    pdf.append_pages(["First", "Second page\nof two", " "], first=True)
    notes = Part("notes.md", "markdown", text="# A\n", headings=[Heading("A", 1, 0)])
    rows = outline_rows(Document([pdf, notes], is_list=True))
    assert [(row.kind, row.part, row.level, row.page, row.label) for row in rows] == [
        ("part", 0, 0, None, "report.pdf"),
        ("page", 0, 1, 1, "First"),
        ("heading", 0, 2, 2, "Second␛"),
        ("page", 0, 1, 2, "Second page of two"),
        ("page", 0, 1, 3, "(no text)"),
        ("part", 1, 0, None, "notes.md"),
        ("heading", 1, 1, None, "A"),
    ]
