"""A number that a person writes in the place of one that is held: what it means there, and what means none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.events import EXACT
from rlm_tui.trajectory.numbers import number_of, refused_edit

UNITS = ["subcalls", "iterations", "errors", "tokens", "cost", "seconds"]


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("1,000", "tokens", 1_000),
        (" 200 ", "tokens", 200),
        ("200 tokens", "tokens", 200),
        ("200 k", "tokens", 200_000),
        ("200K tokens", "tokens", 200_000),
        ("5 million", "tokens", 5_000_000),
        ("1.5M", "tokens", 1_500_000),
        ("2e6", "tokens", 2_000_000),
        ("5 prompts", "subcalls", 5),
        ("1 call", "subcalls", 1),
        ("1k sub-calls", "subcalls", 1_000),
        ("7 turns", "iterations", 7),
        ("3 errors", "errors", 3),
        ("$2.50", "cost", 2.5),
        (".5 US dollars", "cost", 0.5),
        ("3 USD", "cost", 3),
        ("90", "seconds", 90),
        ("90 s", "seconds", 90),
        ("90 secs", "seconds", 90),
        ("10 min", "seconds", 600),
        ("1.5 hours", "seconds", 5_400),
    ],
)
def test_a_number_means_what_its_unit_says(text: str, unit: str, number: float) -> None:
    assert number_of(text, unit) == number
    assert refused_edit("at_limit", unit, text, "2") == ""


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        ("10 min", "tokens", "10 min is no number of tokens, as 1200 or 1.2k is; it stays 2."),
        ("5 calls", "tokens", "5 calls is no number of tokens, as 1200 or 1.2k is; it stays 2."),
        ("200 kk", "tokens", "200 kk is no number of tokens, as 1200 or 1.2k is; it stays 2."),
        ("5 million billion", "tokens", "5 million billion is no number of tokens, as 1200 or 1.2k is; it stays 2."),
        ("2 k", "seconds", "2 k is no number of seconds, as 90 or 1.5 min is; it stays 2."),
        ("5 €", "cost", "5 € is no number of dollars, as 5 or 2.50 is; it stays 2."),
        ("", "errors", "Nothing is no number of errors, as 1200 or 1.2k is; it stays 2."),
        ("1e30", "tokens", "1e30 is too large, at most 9,007,199,254,740,992 is counted; it stays 2."),
        ("1e999", "cost", "1e999 is too large, at most 9,007,199,254,740,992 is counted; it stays 2."),
        ("9" * 400, "subcalls", "9999999999999999999… is too large, at most"),
    ],
)
def test_what_means_something_else_is_refused_in_one_sentence(text: str, unit: str, said: str) -> None:
    assert refused_edit("at_limit", unit, text, "2").startswith(said)


def test_where_no_number_is_held_any_text_can_take_its_place() -> None:
    assert refused_edit("before_code", "", "few", "x = 1") == ""


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.text(), st.floats().map(str), st.integers().map(str)), st.sampled_from([*UNITS, ""]))
def test_any_text_is_a_number_that_a_limit_can_have_or_is_refused(text: str, unit: str) -> None:
    if not refused_edit("at_limit", unit, text, "2"):
        assert 0 <= number_of(text, unit) <= EXACT


@settings(deadline=None, max_examples=100)
@given(st.integers(0, EXACT), st.sampled_from(UNITS))
def test_a_whole_number_is_taken_as_it_is_written(number: int, unit: str) -> None:
    assert number_of(str(number), unit) == number_of(f"{number:,}", unit) == number
