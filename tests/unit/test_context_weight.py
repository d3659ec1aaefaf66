"""What a document takes in the REPL: the law of the widest character, what is said of it, and when it is too much."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.context.document import Document, Part
from rlm_tui.context.weight import peak_of, told, warnings, weight_words
from rlm_tui.text import bytes_a_char
from rlm_tui.ui.content.context import about_rows

_TEXT = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=60)


def _document(text: str) -> Document:
    return Document([Part("a.txt", text=text)])


@settings(deadline=None)
@given(_TEXT)
def test_the_weight_is_what_python_itself_takes(text: str) -> None:
    some, more = text * 11, text * 22  # new objects: Python may keep UTF-8 beside one that is shared
    assert bytes_a_char(text) * 11 * len(text) == sys.getsizeof(more) - sys.getsizeof(some)


@pytest.mark.parametrize(("text", "width"), [("a", 1), ("é", 1), ("ÿ", 1), ("€", 2), ("字", 2), ("😀", 4), ("", 1)])
def test_one_wide_character_makes_all_as_wide_wherever_it_stands(text: str, width: int) -> None:
    for whole in (text + "a" * 2_000_000, "a" * 2_000_000 + text):
        assert bytes_a_char(whole) == width
    assert _document("a" * 1000 + text).weight == width * (1000 + len(text))


@settings(deadline=None)
@given(st.lists(_TEXT, min_size=1, max_size=6))
def test_a_growing_part_weighs_what_the_whole_text_weighs(pages: list[str]) -> None:
    part = Part("a.pdf", "pdf")
    for number, page in enumerate(pages):
        part.append_pages([page], first=number == 0)
        assert part.weight == bytes_a_char(part.text) * len(part.text)


def test_the_character_that_makes_it_wide_is_named_with_its_place() -> None:
    assert weight_words(_document("plain")) == "5 B in the REPL"
    words = weight_words(_document("one\ntwo 😀"))
    assert words == "36 B in the REPL, 4 bytes a character because of 😀 U+1F600 on line 2"


def test_what_run_says_of_many_documents_is_short() -> None:
    document = Document([Part(f"{n}.txt", text="x" * 10) for n in range(7)], notes=["A note."], is_list=True)
    lines = told(document)
    assert lines[0] == "Read 0.txt: 10 characters."
    assert lines[-3:] == ["Read 2 more documents.", "The context takes 70 B in the REPL.", "A note."]


def test_a_context_that_is_large_for_the_memory_is_warned_of() -> None:
    small = _document("x" * 1_000_000)
    assert warnings(small, 2048) == []
    much = _document("x" * 60_000_000)
    [said] = warnings(much, 256)
    assert said == (
        "The context needs 220.0 MB to be loaded, which leaves little room in the REPL's 256 MB; "
        "--memory 500 gives it room."
    )
    wide = _document("x" * 40_000_000 + "😀")
    said, because = warnings(wide, 256)
    assert because == ("The context takes 160.0 MB in the REPL, 4 bytes a character because of 😀 U+1F600 on line 1.")
    assert "may not fit" in said
    assert peak_of(wide) > 256_000_000


def test_beside_the_form_there_is_room_for_what_to_do() -> None:
    document = _document("x" * 20_000_000 + "😀")
    document.warnings = warnings(document, 200)
    assert len(document.warnings) == 2
    rows = about_rows(document, 46, 4)
    assert len(rows) == 4
    assert "gives it room." in " ".join(row.text for row in rows)
