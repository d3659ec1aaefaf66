"""Calls of host tools: as Python writes them, and read back from what a person or a hostile worker made of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlm_tui.engine.hosting import arguments, run_tool, shown
from rlm_tui.errors import RlmTuiError

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
NAMES = st.from_regex(r"arg_[a-z]{1,8}", fullmatch=True)


@settings(deadline=None, max_examples=80)
@given(st.lists(PLAIN, max_size=4), st.dictionaries(NAMES, PLAIN, max_size=4))
def test_what_is_shown_is_what_is_called(args: list[object], kwargs: dict[str, object]) -> None:
    assert arguments("tool", shown("tool", json.dumps([args, kwargs]))) == (args, kwargs)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "other(1)",
        "tool",
        "tool(1",
        "tool(__import__('os'))",
        "tool(*[1])",
        "tool(**{'a': 1})",
        "tool(x)",
        "tool(1); tool(2)",
        "(lambda: tool)()(1)",
        "tool(" + "[" * 100_000,
        "not JSON \ud800",
        "tool('\0')",
    ],
)
def test_anything_else_calls_nothing(text: str) -> None:
    with pytest.raises(RlmTuiError, match="nothing was called"):
        arguments("tool", text)


@pytest.mark.parametrize("given_text", ["", "{}", "[1]", "[[], 1]", "[" * 100_000, '[[], {"a b": 1}]', "[[1e999], {}]"])
def test_a_frame_that_is_no_call_calls_nothing(given_text: str) -> None:
    with pytest.raises(RlmTuiError, match="nothing was called"):
        arguments("tool", shown("tool", given_text))


async def test_a_result_travels_as_json() -> None:
    assert await run_tool("tool", lambda a, b: {"sum": [a, b]}, "tool(1, b=None)", 5) == '{"sum": [1, null]}'
    assert await run_tool("tool", lambda: "é", "tool()", 5) == '"é"'


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("tool(1)", "raised TypeError"),
        ("tool()", "returned a value of type object, which JSON cannot say"),
    ],
)
async def test_what_goes_wrong_is_told_with_the_name_of_the_tool(code: str, told: str) -> None:
    with pytest.raises(RlmTuiError, match=f"The tool tool {told}"):
        await run_tool("tool", object, code, 5)
