"""A Part and a Document: pages, places, lines, the manifest."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.context.document import PAGE_BREAK, Document, Part

_PAGE = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\f"), max_size=40)


def _paged(batches: list[list[str]]) -> Part:
    part = Part("report.pdf", "pdf")
    for number, batch in enumerate(batches):
        part.append_pages(batch, first=number == 0)
    return part


@settings(deadline=None, max_examples=80)
@given(st.lists(st.lists(_PAGE, min_size=1, max_size=4), min_size=1, max_size=4))
def test_pages_added_in_batches_are_the_pages_joined_by_form_feeds(batches: list[list[str]]) -> None:
    part = _paged(batches)
    pages = [page for batch in batches for page in batch]
    assert part.text == PAGE_BREAK.join(pages)
    assert [part.page_text(number) for number in range(1, len(pages) + 1)] == pages
    assert part.text.split(PAGE_BREAK) == pages


@settings(deadline=None, max_examples=80)
@given(st.lists(_PAGE, min_size=1, max_size=8), st.data())
def test_every_code_point_stands_on_the_page_whose_text_holds_it(pages: list[str], data: st.DataObject) -> None:
    part = _paged([pages])
    offset = data.draw(st.integers(0, len(part.text)))
    page = part.page_of(offset)
    assert page == part.text.count(PAGE_BREAK, 0, offset) + 1


@settings(deadline=None, max_examples=60)
@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=300), st.data())
def test_the_line_of_a_code_point_counts_the_newlines_before_it(text: str, data: st.DataObject) -> None:
    part = Part("notes.md", "markdown", text=text)
    offset = data.draw(st.integers(0, len(text)))
    assert part.line_of(offset) == text.count("\n", 0, offset) + 1


def test_lines_are_right_far_into_a_long_text_asked_in_any_order() -> None:
    text = "".join(f"line {number}\n" for number in range(60_000))
    part = Part("long.txt", text=text)
    for line in (59_999, 3, 30_000, 12_345):
        assert part.line_of(text.index(f"line {line}\n")) == line + 1


def test_an_offset_outside_the_text_has_the_nearest_line() -> None:
    part = Part("a.txt", text="one\ntwo")
    assert (part.line_of(-5), part.line_of(10_000)) == (1, 2)


def test_a_text_without_pages_has_no_page_and_one_page_text() -> None:
    part = Part("a.txt", text="one\ntwo")
    assert part.page_of(5) is None
    assert part.page_text(1) == "one\ntwo"
    assert part.page_text(2) == part.page_text(0) == ""


def test_places_read_as_a_person_would_say_them() -> None:
    document = Document([_paged([["first", "second"]]), Part("notes.md", "markdown", text="a\nb\nc")], is_list=True)
    assert document.place(0, 8) == "report.pdf p. 2"
    assert document.place(1, 4) == "notes.md line 3"
    assert document.page_of(0, 8) == 2
    assert document.page_text(0, 2) == "second"


def test_context_is_one_str_for_one_document_and_a_list_for_several() -> None:
    parts = [Part("a.txt", text="a"), Part("b.txt", text="bb")]
    assert Document(parts[:1]).value == "a"
    assert Document(parts, is_list=True).value == ["a", "bb"]
    assert Document(parts[:1], is_list=True).value == ["a"]
    assert Document(parts, is_list=True).chars == 3
    assert Document().value == ""


def test_the_manifest_hashes_the_canonical_text_as_it_is_now() -> None:
    part = _paged([["grün"]])
    document = Document([part], notes=["a note"])
    info = document.info()
    assert info.parts[0].sha256 == hashlib.sha256("grün".encode()).hexdigest()
    assert (info.parts[0].chars, info.parts[0].pages, info.notes, info.is_list) == (4, 1, ("a note",), False)
    part.append_pages(["more"], first=False)
    assert document.info().parts[0].sha256 == hashlib.sha256("grün\fmore".encode()).hexdigest()
    assert document.info().parts[0].pages == 2


def test_a_text_with_form_feeds_has_pages_and_one_at_its_end_begins_none() -> None:
    part = Part("report.txt", text="one\ftwo\f")
    assert not part.is_paged
    part.find_pages()
    assert (part.is_paged, part.pages, part.info().pages) == (True, [0, 4], 2)
    assert (part.page_of(2), part.page_of(4), part.place(6)) == (1, 2, "report.txt p. 2")
    flowing = Part("notes.txt", text="one\ntwo\f")
    flowing.find_pages()
    assert not flowing.is_paged
