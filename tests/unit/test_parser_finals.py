"""The FINAL forms: what counts as a final answer, what is refused, and what a cut means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.engine.parser import Parsed, parse


def final_of(parsed: Parsed) -> tuple[str, str] | None:
    return (parsed.final.kind, parsed.final.value) if parsed.final else None


def names(parsed: Parsed) -> set[str]:
    return {repair.name for repair in parsed.repairs}


TEXT = {
    "indented": ("  FINAL(42)", "42", set()),
    "blanks": ("FINAL( 42 )", "42", set()),
    "multi-line": ("FINAL(a\n\nb)", "a\n\nb", set()),
    "crlf": ("FINAL(a\r\nb)\r\n", "a\nb", set()),
    "single quotes": ("FINAL('it')", "it", set()),
    "triple quotes": ('FINAL("""a\n"b"\n""")', 'a\n"b"\n', set()),
    "escapes": (r'FINAL("a\n\"b\" \\ \u00e9 \x41 \d")', 'a\n"b" \\ é A \\d', set()),
    "raw": (r'FINAL(r"a\n")', "a\\n", set()),
    "parenthesis in quotes": ('FINAL("a) b")', "a) b", set()),
    "plain f-string": ('FINAL(f"42")', "42", set()),
    "two literals": ('FINAL("a" and "b")', '"a" and "b"', set()),
    "apostrophe": ("FINAL(it's)", "it's", set()),
    "open quote": ('FINAL("abc)', '"abc', set()),
    "lines in quotes": ('FINAL("a\nb")', "a\nb", {"quoted-lines"}),
    "bold": ("**FINAL(42)**", "42", {"final-markup"}),
    "bold word": ("**FINAL**(42)", "42", {"final-markup"}),
    "code span": ("`FINAL(42)`", "42", {"final-markup"}),
    "heading": ("## FINAL(42)", "42", {"final-markup"}),
    "stop": ("FINAL(42).", "42", {"trailing-stop"}),
    "space": ("FINAL (42)", "42", {"final-space"}),
    "lettered list": ("FINAL(a) one b) two)", "a) one b) two", {"last-parenthesis"}),
    "lettered lines": ("FINAL(a) one\nb) two)\n\nBye (now)", "a) one\nb) two", {"last-parenthesis"}),
    "up to a fence": ("FINAL(a) b)\n```json\n(x)\n```", "a) b", {"last-parenthesis"}),
    "text after": ("FINAL(42) is it", "42", {"text-after-final"}),
    "text next line": ("FINAL(42)\nis it (really)", "42", set()),
    "several": ("FINAL(1)\nFINAL(2)", "1", {"later-final"}),
    "text after, several": ("FINAL(1) is\nFINAL(2)", "1", {"text-after-final", "later-final"}),
    "empty then full": ("FINAL()\nFINAL(2)", "2", {"refused-final-empty"}),
    "colon": ("FINAL: 42", "42", {"colon-form"}),
    "colon quoted": ('FINAL: "42"', "42", {"colon-form"}),
    "colon bold": ("**FINAL:** 42", "42", {"colon-form", "final-markup"}),
    "colon paragraph": ("FINAL: a\nb\n\nBye", "a\nb", {"colon-form"}),
    "code inside": ("FINAL(Use:\n```python\nf(1)\n```\nit works)", "Use:\n```python\nf(1)\n```\nit works", set()),
    "tag inside": ("FINAL(the <think> tag)", "the <think> tag", set()),
    "token inside": ("FINAL(the <|im_end|> token)", "the <|im_end|> token", set()),
    "after reasoning": ("<think>FINAL(1)</think>FINAL(2)", "2", set()),
    "after an unopened tag": ("FINAL(1)</think> **FINAL(2)**", "2", {"unopened-think", "final-markup"}),
    "after tokens": ("<|start|>assistant<|channel|>final<|message|>FINAL(2)<|return|>", "2", {"leaked-token"}),
    "line after reasoning": ("<think>FINAL(1)</think>\nFINAL(2)", "2", set()),
    "surrogate escape": ('FINAL("\\ud800")', "\ufffd", set()),
}


@pytest.mark.parametrize(("text", "value", "expected"), TEXT.values(), ids=TEXT.keys())
def test_text_final(text: str, value: str, expected: set[str]) -> None:
    parsed = parse(text)
    assert final_of(parsed) == ("text", value)
    assert names(parsed) == expected
    assert not parsed.truncated


NAMES = {
    "quotes": ('FINAL_VAR("answer")', {"quoted-name"}),
    "single quotes": ("FINAL_VAR('answer')", {"quoted-name"}),
    "backticks": ("FINAL_VAR(`answer`)", {"quoted-name"}),
    "lines": ("FINAL_VAR(\n  answer\n)", set()),
    "bold": ("**FINAL_VAR(answer)**.", {"final-markup", "trailing-stop"}),
    "text after": ("FINAL_VAR(answer) holds (it)", {"text-after-final"}),
    "colon quotes": ("FINAL_VAR: `answer`.", {"colon-form", "quoted-name"}),
    "colon, more lines": ("FINAL_VAR: answer\nIt holds it.", {"colon-form"}),
}


@pytest.mark.parametrize(("text", "expected"), NAMES.values(), ids=NAMES.keys())
def test_variable_final(text: str, expected: set[str]) -> None:
    parsed = parse(text)
    assert final_of(parsed) == ("var", "answer")
    assert names(parsed) == expected


@pytest.mark.parametrize(
    "argument", ["a.b", "a b", "a, b", "class", "None", "1a", "f(x)", "a[0]", "x=1", "'a' + 'b'", "lambda", "a-b"]
)
def test_final_var_takes_one_name(argument: str) -> None:
    parsed = parse(f"FINAL_VAR({argument})")
    assert parsed.final is None
    assert "refused-final-name" in names(parsed)
    assert "FINAL_VAR(answer)" in parsed.problem


@pytest.mark.parametrize("text", ["FINAL()", "FINAL(  \n )", 'FINAL("")', "FINAL_VAR()", "FINAL:", "FINAL_VAR:  "])
def test_an_empty_answer_is_no_answer(text: str) -> None:
    parsed = parse(text)
    assert parsed.final is None
    assert "refused-final-empty" in names(parsed)
    assert "empty" in parsed.problem


@pytest.mark.parametrize("argument", ['f"{x}"', 'F"""a {x!r} b"""', 'b"x"'])
def test_code_is_not_an_answer(argument: str) -> None:
    parsed = parse(f"FINAL({argument})")
    assert parsed.final is None
    assert "refused-final-code" in names(parsed)


@pytest.mark.parametrize(
    "text",
    [
        "Use FINAL(answer) to end.", "- FINAL(answer)", "1. FINAL_VAR(name)", "> FINAL(x)", "Answer: FINAL(42)",
        "final(42)", "Final(42)", "x = FINAL(42)", '"FINAL(42)"',
    ],
)  # fmt: skip
def test_a_mention_is_not_final(text: str) -> None:
    parsed = parse(text)
    assert parsed.final is None
    assert names(parsed) == {"final-mention"}
    assert "start of a line" in parsed.problem


@pytest.mark.parametrize("text", ["Final answer: 42", "FINALLY(42)", "FINAL_ANSWER(42)", "the finals: 3"])
def test_words_like_final_are_prose(text: str) -> None:
    assert names(parse(text)) <= {"nothing-usable", "unfenced-code"}
    assert parse(text).final is None


def test_final_waits_beside_code() -> None:
    for text in ("FINAL(42)\n```repl\nx\n```", "```repl\nx\n```\nFINAL(42)"):
        parsed = parse(text)
        assert parsed.blocks == ("x",)
        assert final_of(parsed) == ("text", "42")
        assert parsed.problem == ""


@pytest.mark.parametrize("text", ["FINAL(a (b)", "FINAL(\n", "FINAL_VAR(answer", "FINAL(:( sad)\n\nText"])
def test_no_closing_parenthesis_is_a_cut(text: str) -> None:
    parsed = parse(text)
    assert parsed.final is None
    assert parsed.truncated
    assert "cut off" in parsed.problem


def test_a_parenthesis_in_code_does_not_close() -> None:
    parsed = parse("FINAL(:( sad\n```repl\nprint(1))\n```")
    assert parsed.final is None
    assert parsed.blocks == ("print(1))",)
    assert parsed.truncated


def test_an_open_parenthesis_counts_when_the_model_stopped_by_itself() -> None:
    parsed = parse("FINAL(:( sad)", finish_reason="stop")
    assert final_of(parsed) == ("text", ":( sad")
    assert names(parsed) == {"unbalanced-final"}


def test_a_colon_answer_at_the_token_limit_is_cut() -> None:
    parsed = parse("FINAL: forty", finish_reason="length")
    assert parsed.final is None
    assert parsed.truncated


def test_dialects_differ_in_what_is_native() -> None:
    assert names(parse("FINAL: x", "runtime")) == set()
    assert names(parse("FINAL(x)", "runtime")) == set()
    assert names(parse("FINAL(x)", "rlms")) == {"text-final"}
    assert names(parse("FINAL_VAR(x)", "dspy")) == {"text-final"}
    assert names(parse("FINAL_VAR(x)", "strict")) == set()


@pytest.mark.parametrize("text", ["FINAL(x)", "FINAL: x", "FINAL_VAR: x"])
def test_strict_takes_a_name_only(text: str) -> None:
    parsed = parse(text, "strict")
    assert parsed.final is None
    assert "FINAL_VAR(answer)" in parsed.problem


def test_submit_is_code() -> None:
    parsed = parse("SUBMIT(answer='x')", "dspy")
    assert parsed.final is None
    assert names(parsed) == {"submit-as-text"}
    assert "SUBMIT(answer=" in parsed.problem


@settings(deadline=None, max_examples=60)
@given(
    inner=st.recursive(st.just("é"), lambda part: st.lists(part, max_size=4).map(lambda parts: f"({' '.join(parts)})")),
    deep=st.integers(0, 400),
    before=st.integers(0, 1000),
)
def test_a_final_ends_where_its_parenthesis_closes_however_far_that_is(inner: str, deep: int, before: int) -> None:
    answer = f"{'x' * before}.{'(' * deep}{inner}{')' * deep}"
    assert final_of(parse(f"FINAL({answer})\n\n(and (more)")) == ("text", answer)
    assert final_of(parse(f"FINAL(({answer})")) is None
