"""A text of any length as parts that are drawn when they are looked at, cut at line ends where there are any."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from rlm_tui.ui.lazy import Kept, Parts
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.rows import text_rows

PART = 1 << 14
"""The characters of a part; a text of up to two of them is drawn whole."""


def in_parts(text: str, width: int, draw: Callable[[int, int], Rows]) -> Rows:
    """What `draw` makes of a text from one offset to another: of the whole at once, or of each part in its time."""
    count = len(text) // PART
    if count < 2:
        return draw(0, len(text))

    def make(part: int) -> tuple[Rows, int]:
        return draw(_begin(text, part), len(text) if part == count - 1 else _begin(text, part + 1)), 0

    rows = max(text.count("\n"), len(text) // width)
    return Parts((), Kept(max(1, rows // count)), count, make)


def _begin(text: str, part: int) -> int:
    """Where a part begins; no line is looked at twice as far as a part is long."""
    at = part * PART
    return text.find("\n", at, at + PART) + 1 or at if part else 0


@lru_cache(16)
def long_rows(text: str, width: int, role: str = "text", words: bool = True, margin: int = 0) -> Rows:
    """As `text_rows()`, in parts where the text is long."""
    return in_parts(text, width, lambda begin, end: text_rows(text[begin:end], width, role, words, margin))
