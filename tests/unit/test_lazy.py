"""Parts that are made when they are looked at: their heights come out one by one, and places stay true."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.ui.lazy import Heights, Kept, Parts, together
from rlm_tui.ui.lines import Line, Rows, line
from rlm_tui.ui.long_text import PART, long_rows
from rlm_tui.ui.rows import text_rows

CALM = settings(deadline=None, max_examples=100)
SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=40)


def lines(part: int, size: int) -> list[Line]:
    return [line(f"{part}.{row}") for row in range(size)]


def parts(sizes: list[int], guess: int, tail: list[Rows] | None = None) -> Parts:
    return Parts(tail or (), Kept(guess), len(sizes), lambda part: (lines(part, sizes[part]), 0))


@CALM
@given(SIZES, st.integers(1, 20), st.lists(st.integers(0, 10_000), max_size=20))
def test_what_is_told_and_guessed_adds_up(sizes: list[int], guess: int, order: list[int]) -> None:
    heights, believed = Heights(guess), [guess] * len(sizes)
    for each in order:
        part = each % len(sizes)
        assert heights.tell(part, sizes[part]) == (believed[part] != sizes[part])
        believed[part] = sizes[part]
    assert [heights.start(part) for part in range(len(sizes) + 1)] == [sum(believed[:n]) for n in range(len(sizes) + 1)]
    found = [heights.find(row) for row in range(sum(believed))]
    assert found == [part for part, height in enumerate(believed) for _ in range(height)]
    few = heights.until(len(sizes) // 2)
    assert few.start(len(sizes) // 2) == heights.start(len(sizes) // 2)


@CALM
@given(SIZES, st.integers(1, 20), SIZES)
def test_the_whole_is_the_sum_of_all_parts_once_they_were_seen(sizes: list[int], guess: int, ends: list[int]) -> None:
    tail: list[Rows] = [lines(100 + nth, size) for nth, size in enumerate(ends)]
    rows = parts(sizes, guess, tail)
    whole = [row for part, size in enumerate(sizes) for row in lines(part, size)] + [
        row for part in tail for row in part
    ]
    at = 0
    while at < len(rows):
        while rows.settle(at, at + 7):
            pass
        at += 8
    assert len(rows) == len(whole)
    assert list(rows) == whole


@CALM
@given(SIZES, st.integers(1, 20), st.data())
def test_a_place_stays_the_same_row_whatever_comes_out_above_it(
    sizes: list[int], guess: int, data: st.DataObject
) -> None:
    rows = parts(sizes, guess)
    at = data.draw(st.integers(0, len(rows) - 1))
    place = rows.place(at)
    said = rows[rows.row(place)].text
    assert said
    list(rows)
    assert rows[rows.row(place)].text == said


@CALM
@given(SIZES, SIZES, st.integers(1, 20), st.data())
def test_parts_within_parts_are_one_list(one: list[int], two: list[int], guess: int, data: st.DataObject) -> None:
    inner = parts(two, guess)
    rows = Parts([lines(50, 2), inner, lines(51, 1)], Kept(guess), len(one), lambda part: (lines(part, one[part]), 0))
    place = rows.place(data.draw(st.integers(0, len(rows) - 1)))
    said = rows[rows.row(place)].text
    whole = [row.text for row in rows]
    assert len(whole) == sum(one) + sum(two) + 3
    assert whole[rows.row(place)] == said
    assert "" not in whole


def test_what_may_still_change_is_made_anew_and_the_rest_is_kept() -> None:
    made: list[int] = []

    def make(part: int) -> tuple[Rows, int | None]:
        made.append(part)
        return lines(part, 3), (5 if part == 0 else None)

    kept = Kept(3)
    for moment in (9, 9, 2):
        rows = Parts((), kept, 2, make, moment)
        assert len(list(rows)) == 6
    assert made == [0, 1, 1, 0, 1]


def test_only_what_is_looked_at_is_made() -> None:
    made: list[int] = []

    def make(part: int) -> tuple[Rows, int]:
        made.append(part)
        return lines(part, 5), 0

    rows = Parts((), Kept(8), 1_000_000, make)
    while rows.settle(len(rows) - 20, len(rows) - 1):
        pass
    assert rows[len(rows) - 1].text == "999999.4"
    assert len(made) <= 8


def test_rows_at_hand_need_no_parts() -> None:
    assert not isinstance(together(lines(0, 2), lines(1, 2)), Parts)
    assert isinstance(together(lines(0, 2), parts([1], 1)), Parts)


@settings(deadline=None, max_examples=5)
@given(st.lists(st.text("ab `c\n", max_size=50), min_size=1, max_size=4), st.integers(20, 60))
def test_a_long_text_in_parts_says_the_same(texts: list[str], width: int) -> None:
    text = "".join(each + "x" * (3 * PART // len(texts)) + "\n" + each for each in texts)
    rows = long_rows(text, width, words=False)
    assert isinstance(rows, Parts)
    assert "".join(row.text for row in rows) == text.replace("\n", "")
    lines = text.replace("x" * 100, "x\n" * 50)
    whole = [row.text for row in text_rows(lines, width, "text", False)]
    assert [row.text for row in long_rows(lines, width, "text", False)] == whole
