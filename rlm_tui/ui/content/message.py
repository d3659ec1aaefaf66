"""What stands in a message of a conversation, in the roles of what it is: text, code, a person's own, what was cut."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

from rlm_tui.ui.content.parts import MARGIN
from rlm_tui.ui.content.told import Spans
from rlm_tui.ui.lines import BLANK, Line, Rows, Span
from rlm_tui.ui.long_text import in_parts
from rlm_tui.ui.rows import Joined, text_rows

_BODY = {"system": "dim", "user": "output", "assistant": "text"}
_CUT = "characters left out"
_FENCE = re.compile(r"^[^\S\n]*(?:```|~~~)", re.MULTILINE)


@lru_cache(32)
def body(text: str, role: str, width: int, own: Spans) -> Rows:
    """A message with code, what is a person's `own` and marks of truncation each in their own role."""
    has_fences = role == "assistant"
    fences = [found.start() for found in _FENCE.finditer(text)] if has_fences else []
    plain = _BODY.get(role, "text")

    def draw(begin: int, end: int) -> Rows:
        part = text[begin:end].removesuffix("\n")
        if own:
            pieces = _own_pieces(part, plain, tuple((first - begin, last - begin) for first, last in own))
        else:
            pieces = _pieces(part, plain, has_fences, bisect_left(fences, begin) % 2 == 1)
        return Joined([_piece(kind, piece, width) for kind, piece in pieces])

    return in_parts(text, width, draw)


def _piece(kind: str, piece: str, width: int) -> Rows:
    """Rows in the role of what they are; what is a person's own begins with its mark in the margin."""
    if not piece:
        return [BLANK]
    lines = f"{piece}\n" if piece.endswith("\n") else piece  # the last end of a line begins no row
    rows = text_rows(lines, width, kind.removeprefix("✎ "), kind != "code", MARGIN)
    return Joined(([Line((Span("✎ ", "user"), *rows[0].spans[1:]))], rows[1:])) if kind.startswith("✎ ") else rows


def _own_pieces(text: str, plain: str, own: Spans) -> Iterator[tuple[str, str]]:
    """A text cut where a person's own begins and ends; both are at the ends of lines."""
    at = 0
    for begin, end in own:
        if at < begin < len(text):
            yield from _pieces(text[at : begin - 1], plain, False, False)
        if max(at, begin) < min(end, len(text)):
            yield "user" if begin < at else "✎ user", text[max(at, begin) : end]
            at = end + 1
    if at <= len(text):
        yield from _pieces(text[at:], plain, False, False)


def _pieces(text: str, plain: str, fences: bool, in_code: bool) -> Iterator[tuple[str, str]]:
    """A text cut where what it is changes; it begins in the middle of code or not."""
    kind, lines = "code" if in_code else plain, list[str]()
    for text_line in text.split("\n"):
        is_fence = fences and _FENCE.match(text_line) is not None
        wanted = "code" if in_code or is_fence else _role_of(text_line, plain)
        if wanted != kind and lines:
            yield kind, "\n".join(lines)
            lines = []
        kind = wanted
        lines.append(text_line)
        in_code = in_code != is_fence
    yield kind, "\n".join(lines)


def _role_of(text_line: str, plain: str) -> str:
    return "careful" if text_line.startswith("… ") and _CUT in text_line else plain
