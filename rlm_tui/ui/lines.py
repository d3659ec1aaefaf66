"""Lines as they are drawn: rows of spans with roles, measured in cells; the one place where text becomes safe.

Content functions return `Line`s; nothing in a `Line` can move the cursor, hide or widen a cell, because a `Span` is
only made by `span()`, which expands tabs and goes through `text.safe()`. A role is a theme role, with `bold`,
`italic` or `on ROLE` behind it where wanted: `"accent bold"`, `"dim on panel"`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias, overload

from rich.cells import cell_len, get_character_cell_size

from rlm_tui.text import safe

TAB = 4
ELLIPSIS = "…"
_NARROWEST = 2


class Span(NamedTuple):
    """A piece of a line in one role; make it with `span()`."""

    text: str
    role: str = "text"


Piece: TypeAlias = str | tuple[str, str]


class Line(NamedTuple):
    """One row: its spans, and in `key` what Enter or a click on it means (a node, a variable, a fold)."""

    spans: tuple[Span, ...] = ()
    key: str = ""

    @property
    def text(self) -> str:
        """What the row says, without roles."""
        return "".join(span.text for span in self.spans)

    @property
    def cells(self) -> int:
        """The cells that the row takes."""
        return sum(cell_len(span.text) for span in self.spans)

    def with_key(self, key: str) -> Line:
        """The same row that means something else."""
        return self._replace(key=key)


class Rows(Protocol):
    """Rows by index, as many as there are; a list of lines is one, and so is a document of ten million lines."""

    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, index: int, /) -> Line: ...

    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Line]: ...


BLANK = Line()


def span(text: str, role: str = "text") -> Span:
    """A safe piece of one line: tabs become spaces, what could harm a terminal becomes visible."""
    if "\t" in text:
        text = text.expandtabs(TAB)
    return Span(safe(text), role)


NO_SPAN = Span("", "dim")


def line(*pieces: Piece, key: str = "") -> Line:
    """A line from texts (role `text`) and `(text, role)` pairs."""
    spans = (span(piece) if isinstance(piece, str) else span(*piece) for piece in pieces)
    return Line(tuple(s for s in spans if s.text), key)


def _cut(text: str, width: int) -> int:
    """How many code points of a safe text fit into `width` cells."""
    if text.isascii():
        return min(width, len(text))
    used = 0
    for index, char in enumerate(text):
        used += get_character_cell_size(char)
        if used > width:
            return index
    return len(text)


def clip(row: Line, width: int) -> Line:
    """The row in at most `width` cells; `…` stands where something was cut off."""
    if row.cells <= width:
        return row
    left, spans = max(0, width - 1), []
    for text, role in row.spans:
        cut = _cut(text, left)
        spans.append(Span(text[:cut], role))
        left -= cell_len(text[:cut])
        if cut < len(text):
            break
    spans.append(Span(ELLIPSIS if width > 0 else "", "dim"))
    return Line(tuple(s for s in spans if s.text), row.key)


def ending(text: str, width: int) -> str:
    """A text in at most `width` cells; of one that is too long, as paths are, the end stays behind `…`."""
    if cell_len(text) <= width:
        return text
    start, left = len(text), width - cell_len(ELLIPSIS)
    while start and (left := left - get_character_cell_size(text[start - 1])) >= 0:
        start -= 1
    return f"{ELLIPSIS}{text[start:]}" if width > 0 else ""


def pad(row: Line, width: int, role: str = "text") -> Line:
    """The row in exactly `width` cells: clipped, or filled with spaces."""
    row = clip(row, width)
    missing = width - row.cells
    return row._replace(spans=(*row.spans, Span(" " * missing, role))) if missing > 0 else row


def split(left: Line, right: Line, width: int) -> Line:
    """Two ends of one row: the left one gives way, the right one is aligned at the right edge."""
    right = clip(right, width)
    room = width - right.cells
    if not right.spans:
        return clip(left, width)
    left = pad(clip(left, max(0, room - 1)), room)
    return Line((*left.spans, *right.spans), left.key or right.key)


def rjust(text: str, width: int, role: str = "dim") -> Span:
    """A short text right-aligned in `width` cells."""
    piece = span(text, role)
    return Span(" " * max(0, width - cell_len(piece.text)) + piece.text, role)


def _breaks(text: str, width: int, *, words: bool) -> Iterator[str]:
    """Cut one safe line into pieces of at most `width` cells; at spaces where `words`, else anywhere."""
    width = max(_NARROWEST, width)
    while text:
        cut = max(1, _cut(text, width))
        if cut < len(text) and words:
            space = text.rfind(" ", 0, cut + 1)
            if space > 0 and text[:space].strip():
                yield text[:space]
                text = text[space + 1 :]
                continue
        yield text[:cut]
        text = text[cut:]


def wrap_text(text: str, width: int, role: str = "text", *, words: bool = True) -> list[Line]:
    """A text of many lines as rows of at most `width` cells (at least 2); an empty text is one empty row.

    With `words` a row breaks at a space, which is dropped; else after any character, and nothing is lost.
    """
    rows: list[Line] = []
    for raw in text.split("\n"):
        piece = span(raw.removesuffix("\r"), role).text
        rows.extend(Line((Span(part, role),)) for part in _breaks(piece, width, words=words))
        if not piece:
            rows.append(BLANK)
    return rows


def wrap(row: Line, width: int, indent: int = 0) -> list[Line]:
    """One line of several roles broken into rows at any character; later rows are indented."""
    width = max(_NARROWEST, width)
    indent = min(indent, width - _NARROWEST)
    rows, spans, left = list[Line](), list[Span](), width
    for text, role in row.spans:
        rest = text
        while rest:
            cut = _cut(rest, left)
            if cut == 0:
                rows.append(Line(tuple(spans), row.key))
                spans, left = [Span(" " * indent)] if indent else [], width - indent
                cut = _cut(rest, left)
            spans.append(Span(rest[:cut], role))
            left -= cell_len(rest[:cut])
            rest = rest[cut:]
    return [*rows, Line(tuple(spans), row.key)]


def indent(rows: Iterable[Line], by: int) -> list[Line]:
    """Every row moved right by some spaces."""
    margin = Span(" " * by)
    return [row._replace(spans=(margin, *row.spans)) if row.spans else row for row in rows]


def keyed(rows: Iterable[Line], key: str) -> list[Line]:
    """Every row with the same key."""
    return [row._replace(key=key) for row in rows]


def mark(row: Line, needle: str, role: str) -> Line:
    """The row with every place where `needle` stands (case does not matter) in another role."""
    low, size = row.text.casefold(), len(needle)
    needle = needle.casefold()
    if not needle or needle not in low or len(low) != len(row.text):
        return row
    places, at = [], low.find(needle)
    while at >= 0:
        places.append((at, at + size))
        at = low.find(needle, at + size)
    return paint(row, places, role)


def paint(row: Line, places: Sequence[tuple[int, int]], role: str) -> Line:
    """The row with the given `(start, end)` places, in code points and in order, in another role."""
    spans, at = list[Span](), 0
    for text, own in row.spans:
        begin, end = at, at + len(text)
        for start, stop in places:
            if start < end and stop > at:
                spans.append(Span(text[at - begin : max(at, start) - begin], own))
                spans.append(Span(text[max(at, start) - begin : min(end, stop) - begin], role))
                at = min(end, stop)
        spans.append(Span(text[at - begin :], own))
        at = end
    return Line(tuple(s for s in spans if s.text), row.key)
