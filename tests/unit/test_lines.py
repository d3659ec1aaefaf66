"""Lines: safe, measured in cells, never wider than asked, and nothing lost."""

from __future__ import annotations

import unicodedata
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from rlm_tui.text import least_count, plural, short_bytes, short_cost, short_count, short_seconds
from rlm_tui.ui.lines import (
    BLANK,
    Line,
    clip,
    ending,
    indent,
    line,
    mark,
    pad,
    paint,
    rjust,
    span,
    split,
    wrap,
    wrap_text,
)
from rlm_tui.ui.rows import Joined, TextRows, Window, parting, pieces, text_rows

TEXTS = st.text(
    st.one_of(st.characters(), st.sampled_from("ab \t\n\f\r汉字é\u0301\u200b\x1b\x9b\u202e🙂")), max_size=120
)
WIDTHS = st.integers(2, 60)
CALM = settings(deadline=None, max_examples=150)


def bad(text: str) -> list[str]:
    """Characters that could move, hide or reorder a cell."""
    return [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


@CALM
@given(TEXTS)
def test_no_line_holds_what_could_harm_a_terminal(text: str) -> None:
    assert bad(line(text, (text, "dim")).text) == []
    assert [row for row in wrap_text(text, 20) if bad(row.text)] == []
    assert [row for row in text_rows(text, 20) if bad(row.text)] == []


@CALM
@given(TEXTS, WIDTHS)
def test_clip_and_pad_keep_to_the_width(text: str, width: int) -> None:
    row = line(text, (text, "dim"), key="k")
    assert clip(row, width).cells <= width
    assert pad(row, width).cells == width
    assert clip(row, width).key == pad(row, width).key == "k"
    if row.cells <= width:
        assert clip(row, width) == row
    else:
        assert clip(row, width).text.endswith("…")


@CALM
@given(TEXTS, WIDTHS, st.booleans())
def test_wrapped_text_is_never_wider_and_loses_nothing_but_spaces(text: str, width: int, words: bool) -> None:
    rows = wrap_text(text, width, words=words)
    assert all(row.cells <= width for row in rows)
    whole = [span(part.removesuffix("\r")).text for part in text.split("\n")]
    if words:
        assert "".join("".join(row.text for row in rows).split(" ")) == "".join("".join(whole).split(" "))
    else:
        assert "".join(row.text for row in rows) == "".join(whole)


@CALM
@given(TEXTS, TEXTS, WIDTHS, st.integers(0, 10))
def test_a_line_of_several_roles_wraps_without_loss(one: str, two: str, width: int, by: int) -> None:
    row = line((one, "text"), (two, "dim"), key="k")
    rows = wrap(row, width, by)
    assert all(part.cells <= width for part in rows)
    margin = " " * min(by, width - 2)
    assert rows[0].text + "".join(part.text.removeprefix(margin) for part in rows[1:]) == row.text


@CALM
@given(TEXTS, TEXTS, WIDTHS)
def test_the_right_end_stands_at_the_edge(left: str, right: str, width: int) -> None:
    row = split(line(left), line((right, "dim")), width)
    assert row.cells <= width
    end = line((right, "dim"))
    if end.spans and end.cells <= width:
        assert row.text.endswith(end.text)
        assert row.cells == width


@CALM
@given(TEXTS, st.integers(4, 60), st.booleans(), st.integers(1, 50))
def test_rows_of_a_text_cover_it_in_slices(text: str, width: int, words: bool, budget: int) -> None:
    rows = TextRows(text, width, words=words)
    while not rows.is_complete:
        known = len(rows)
        rows.index(budget)
        assert len(rows) > known or rows.is_complete
    assert all(rows[index].cells <= width for index in range(len(rows)))
    assert "".join(text[slice(*rows.bounds(index))] for index in range(len(rows))) == text
    assert [rows.row_of(rows.bounds(index)[0]) for index in range(len(rows))] == list(range(len(rows)))
    assert list(rows) == list(text_rows(text, width, "text", words))


@CALM
@given(TEXTS, TEXTS, st.integers(4, 30))
def test_a_text_that_grows_has_the_rows_of_the_whole(one: str, two: str, width: int) -> None:
    rows = TextRows(one, width, words=False)
    while not rows.is_complete:
        rows.index()
    rows.grow(one + two)
    while not rows.is_complete:
        rows.index()
    assert "".join((one + two)[slice(*rows.bounds(index))] for index in range(len(rows))) == one + two
    assert all(row.cells <= width for row in rows)


def test_words_break_at_spaces_and_long_ones_anywhere() -> None:
    assert [row.text for row in wrap_text("one two three", 8)] == ["one two", "three"]
    assert [row.text for row in wrap_text("abcdefghij", 4)] == ["abcd", "efgh", "ij"]
    assert [row.text for row in wrap_text("a\n\nb", 4)] == ["a", "", "b"]
    assert [row.text for row in text_rows("one two three", 7)] == ["one two", "three"]
    assert [row.text for row in text_rows("one two three", 7, "text", False)] == ["one two", " three"]


def test_rows_of_wide_characters_are_full_and_break_at_spaces() -> None:
    assert [row.text for row in text_rows("汉字" * 5, 8)] == ["汉字汉字", "汉字汉字", "汉字"]
    assert [row.text for row in text_rows("汉字 abc 汉字 abc", 9)] == ["汉字 abc", "汉字 abc"]
    assert [row.text for row in text_rows("汉字 abc", 8, "text", False)] == ["汉字 abc"]
    assert [row.text for row in text_rows("汉字汉 abc", 8, "text", False)] == ["汉字汉 a", "bc"]


def test_a_mark_is_not_parted_from_its_base() -> None:
    assert [row.text for row in text_rows("abcde\u0301fgh", 5)] == ["abcde\u0301", "fgh"]
    assert [row.text for row in text_rows("abcd\n\u0301fgh", 4)] == ["abcd", "\u0301fgh"]


def test_wide_characters_count_two_cells_and_tabs_expand() -> None:
    assert [row.text for row in wrap_text("汉字汉字", 5)] == ["汉字", "汉字"]
    assert line("a\tb").text == "a   b"
    assert clip(line("汉字汉字"), 6).text == "汉字…"


def test_numbers_are_aligned_at_the_right() -> None:
    assert rjust("4.1s", 7).text == "   4.1s"
    assert split(line("name"), line(("18.2k", "dim")), 14).text == "name     18.2k"
    assert split(line("a very long name"), line(("18.2k", "dim")), 14).text == "a very … 18.2k"


def test_marks_change_roles_and_nothing_else() -> None:
    row = line("Alice ", ("earns", "code"), " a lot", key="k")
    found = mark(row, "CE EAR", "hit")
    assert found.text == row.text
    assert found.key == "k"
    assert [s.text for s in found.spans if s.role == "hit"] == ["ce ", "ear"]
    assert mark(row, "Bob", "hit") == row


@CALM
@given(TEXTS, st.lists(st.tuples(st.integers(0, 100), st.integers(1, 20)), max_size=5))
def test_painting_keeps_the_text(text: str, places: list[tuple[int, int]]) -> None:
    row = line(text, (text, "dim"))
    painted = paint(row, sorted((at, at + size) for at, size in places), "hit")
    assert painted.text == row.text


def test_providers_one_after_another_are_one_list() -> None:
    rows = [line(str(number)) for number in range(10)]
    joined = Joined((rows[:3], [], Window(rows, 3, 4), Window(rows, 7)))
    assert list(joined) == rows
    assert joined[2:5] == rows[2:5]
    assert joined[-1] == rows[-1]
    with pytest.raises(IndexError):
        joined[10]


def test_what_is_joined_twice_is_joined_once() -> None:
    rows = [line(str(number)) for number in range(6)]
    joined = Joined((Joined((rows[:2], Joined((rows[2:3],)))), [], Window(Joined((rows[3:],)), 0)))
    assert joined[:] == rows
    assert [len(piece) for piece in pieces(joined)] == [2, 1, 3]


PIECES = st.lists(st.sampled_from(["a", "b\nb", "a\nb\nc", "c\n" * 9]), max_size=6)


def _drawn(texts: list[str], *, is_cut: bool) -> Joined:
    """Rows as panes make them: lines, a text, a part of a text."""
    made = [
        [wrap_text(text, 9), TextRows(text, 9), Window(text_rows(text, 9), 0, 2 if is_cut else None)][index % 3]
        for index, text in enumerate(texts)
    ]
    for rows in made:
        if isinstance(rows, TextRows):
            rows.index()
    return Joined(made)


@CALM
@given(PIECES, PIECES, PIECES, st.integers(0, 30), st.booleans())
def test_two_drawings_part_where_their_rows_do(
    shared: list[str], old: list[str], new: list[str], since: int, is_cut: bool
) -> None:
    before, after = _drawn(shared + old, is_cut=is_cut), _drawn(shared + new, is_cut=is_cut)
    at = parting(before, after, since, Line.__ne__)
    assert before[since:at] == after[since:at]
    ends = [set(accumulate(len(piece) for piece in pieces(rows))) for rows in (before, after)]
    is_news = before[at : at + 1] != after[at : at + 1] or (at in ends[0]) != (at in ends[1])
    assert is_news or at == len(before) == len(after)
    single = [Joined([[row] for row in rows[:]]) for rows in (before, after)]
    both = range(since, min(len(before), len(after)))
    naive = next((index for index in both if before[index] != after[index]), min(len(before), len(after)))
    assert parting(*single, since, Line.__ne__) == naive
    assert at <= naive


def test_a_long_text_that_is_the_same_is_not_drawn_to_find_what_is_new() -> None:
    texts = [TextRows("one more row\n" * 50_000, 80) for _ in range(2)]
    for rows in texts:
        rows.index(len(rows.text))
        rows.at = None  # type: ignore[method-assign, assignment]
    before, after = (Joined((rows, more)) for rows, more in zip(texts, ([BLANK], [line("new")]), strict=True))
    assert parting(before, after, 0, Line.__ne__) == len(texts[0])


def test_an_indented_row_keeps_its_key() -> None:
    assert indent([line("a", key="k")], 2) == [Line((span("  "), span("a")), "k")]
    assert cell_len(indent([line("汉")], 3)[0].text) == 5


@CALM
@given(TEXTS, st.integers(-5, 60))
def test_of_a_long_text_the_end_stays_within_the_width(text: str, width: int) -> None:
    text = span(text).text
    shown = ending(text, width)
    assert cell_len(shown) <= max(0, width) or shown == text
    assert text.endswith(shown.removeprefix("…"))


NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**400, -(10**5000), 2**63 - 1, 999_949, 999_950]))


@CALM
@given(NUMBERS)
def test_any_number_has_a_form_in_few_cells(number: float) -> None:
    for said in (short_count(number), short_bytes(number), short_seconds(number), short_cost(number)):
        assert 0 < len(said) <= 25
    assert plural(int(number) if abs(number) < 1e300 else 10**5000, "page")


@pytest.mark.parametrize(
    ("number", "said"), [(10**400, "∞"), (2**63 - 1, "9e18"), (999_949_999_999, "999.9G"), (-5, "-5"), (1_000, "1.0k")]
)
def test_numbers_beyond_all_units_are_told_by_their_power(number: int, said: str) -> None:
    assert short_count(number) == said
    assert least_count(number, is_part=True) in (f"≥{said}", "≥999G", "≥1k")


@given(st.integers(0, 10**11))
def test_a_part_is_never_said_to_be_more_than_it_is(count: int) -> None:
    said = least_count(count, is_part=True)
    units = {"k": 1e3, "M": 1e6, "G": 1e9}
    assert said[0] == "≥"
    assert len(said) <= 6
    assert float(said[1:].rstrip("kMG")) * units.get(said[-1], 1) <= count
    assert least_count(None, is_part=True) == "–"
