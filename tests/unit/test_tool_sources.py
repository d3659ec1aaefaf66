"""What travels of a function that is handed over as a tool, and what is read of a file."""

from __future__ import annotations

import ast
import functools
import math as maths
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import Any

import pytest

from rlm_tui import host_tool
from rlm_tui.errors import UsageError
from rlm_tui.tools import source
from rlm_tui.tools.live import from_function, from_host
from rlm_tui.tools.making import toolbox

VOWELS = {"a", "e"}
PAIR = (1, b"two")
WORD = re.compile(r"\w+", re.IGNORECASE)
LOCK = threading.Lock()


@dataclass
class Point:
    """A place."""

    x: int
    y: int = 0


def made(function: Callable[..., Any], name: str = "") -> Any:
    """The function as the worker makes it, from its source alone."""
    tool, text = from_function(function, name)
    namespace: dict[str, Any] = {"__name__": "elsewhere"}
    exec(text, namespace)  # noqa: S102
    return namespace[tool.name]


def words(text: str) -> Counter[str]:
    """Counts words."""
    return Counter(WORD.findall(text))


def vowels(text: str) -> int:
    return sum(letter in VOWELS for letter in text) + PAIR[0]


def hypotenuse(a: float, b: float) -> float:
    return maths.hypot(a, b) + floor(0.5)


def place(x: int, point: Point | None = None) -> Point:
    return point or Point(x)


@functools.cache
def fibonacci(n: int) -> int:
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def twice(n: int, of: Callable[[int], int] = fibonacci) -> int:
    return of(n) + helped(n)


def helped(n: int) -> int:
    return fibonacci(n)


def odd(n: int) -> bool:
    return n != 0 and even(n - 1)


def even(n: int) -> bool:
    return n == 0 or odd(n - 1)


def hidden(LOCK: list[int]) -> int:  # noqa: N803
    return len(LOCK)


def annotated(lock: threading.Lock) -> str:
    kept: threading.Lock = lock
    return type(kept).__name__


def test_a_function_brings_what_it_refers_to() -> None:
    assert made(words)("a b a") == {"a": 2, "b": 1}
    assert made(vowels)("abel") == 3
    assert made(hypotenuse)(3, 4) == 5
    assert repr(made(place)(3)) == "Point(x=3, y=0)"


def test_decorators_defaults_and_circles_travel() -> None:
    assert made(fibonacci)(40) == 102334155
    assert made(twice)(10) == 110
    assert made(odd)(7)


def test_a_name_of_its_own_and_an_annotation_need_nothing() -> None:
    assert made(hidden)([1, 2]) == 2
    assert made(annotated)(LOCK) == "lock"


def test_a_closure_brings_its_values() -> None:
    factor = 3

    def times(n: int) -> int:
        return n * factor

    assert made(times)(2) == 6
    assert made(times, "thrice")(2) == 6


def test_a_class_is_a_tool() -> None:
    tool, _ = from_function(Point)
    assert tool.title == "Point(x: int, y: int = 0)"
    assert made(Point)(1).y == 0


@pytest.mark.parametrize("thing", [lambda x: x, [].append, functools.partial(words, "a"), print])
def test_what_has_no_source_is_refused(thing: Any) -> None:
    with pytest.raises(UsageError, match="no source"):
        from_function(thing, "tool")


def test_what_cannot_travel_is_named() -> None:
    def locked() -> bool:
        return LOCK.locked()

    with pytest.raises(UsageError, match="The tool locked uses LOCK, a lock"):
        from_function(locked)


def test_a_source_may_call_a_host_tool() -> None:
    cost = host_tool(words)

    def total(text: str) -> int:
        return sum(cost(text).values())

    box = toolbox([total, {"cost": cost}])
    assert "cost =" not in str(box.loads["total"])
    assert [tool.runs for tool in box.tools] == ["worker", "host"]


def test_signatures_are_told_as_they_are_written() -> None:
    assert from_host(words, "words").title == "words(text: str) -> Counter[str]"
    assert from_host(print, "say").runs == "host"
    tree = ast.parse(
        "async def f(a, /, b=1, *c: int, d: str = 'x', **e) -> None: ...\nclass G:\n    def __init__(self, n): ..."
    )
    assert [tool.title for tool in source.offered(tree, "f.py")] == [
        "await f(a, /, b=1, *c: int, d: str='x', **e) -> None",
        "G(n)",
    ]


def test_long_docstrings_are_cut() -> None:
    tree = ast.parse(f"def f():\n    '''{'word ' * 2000}'''")
    (tool,) = source.offered(tree, "f.py")
    assert len(tool.told) < 1_600


def test_a_file_without_functions_is_refused() -> None:
    with pytest.raises(UsageError, match="no public function"):
        source.offered(ast.parse("x = 1\ndef _f(): ..."), "f.py")
