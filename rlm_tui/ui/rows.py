"""Row providers for what is long: a text wrapped when it is looked at, and several providers one after another."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import overload

from rich.cells import cell_len

from rlm_tui.text import safe
from rlm_tui.ui.lines import TAB, Line, Rows, Span, span

_SLICE = 1 << 16


class Provider:
    """Base of providers that make a line when it is asked for."""

    def __len__(self) -> int:
        raise NotImplementedError

    def at(self, index: int) -> Line:
        """The line at an index from 0."""
        raise NotImplementedError

    @overload
    def __getitem__(self, index: int, /) -> Line: ...

    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Line]: ...

    def __getitem__(self, index: int | slice, /) -> Line | Sequence[Line]:
        """The line at an index, or the lines of a slice; IndexError beyond the end."""
        count = len(self)
        if isinstance(index, slice):
            return [self.at(i) for i in range(*index.indices(count))]
        if not -count <= index < count:
            raise IndexError(index)
        return self.at(index % count)


@lru_cache(64)
def _pattern(width: int, words: bool) -> re.Pattern[str]:
    whole, rest = rf"[^\n\f]{{0,{width}}}(?:[\n\f]|\Z)", rf"[^\n\f]{{1,{width}}}"
    return re.compile(rf"{whole}|{rest} |{rest}" if words else rf"{whole}|{rest}")


class TextRows(Provider):
    """A text of any size as rows of at most `width` cells; only the places where rows begin are kept.

    `index(budget)` looks at the next characters, so that a text of 50 MB can be indexed in slices; a text that
    grows at its end is taken on with `grow()`. Rows break at spaces with `words`, always at newlines and form feeds.
    """

    def __init__(self, text: str, width: int, role: str = "text", *, words: bool = True, margin: int = 0) -> None:
        self.text = text
        self.width = max(TAB, width - margin)
        self.role = role
        self._margin = Span(" " * margin)
        self._pattern = _pattern(self.width, words)
        self._starts = array("Q")
        self._done = 0

    @property
    def is_complete(self) -> bool:
        """Whether every row is known."""
        return self._done >= len(self.text) and (bool(self._starts) or not self.text)

    def __len__(self) -> int:
        return len(self._starts)

    def grow(self, text: str) -> None:
        """Take a longer version of the same text; its last row is measured again."""
        if len(text) != len(self.text):
            self.text = text
            if self._starts:
                self._done = self._starts.pop()

    def index(self, budget: int = _SLICE) -> None:
        """Find where rows begin in the next `budget` characters."""
        stop, text = min(len(self.text), self._done + budget), self.text
        last = stop == len(text)
        piece = text[self._done : stop + self.width + 1]
        add = self._add if "\t" in piece or not piece.isascii() else self._add_plain
        for match in self._pattern.finditer(text, self._done):
            begin, end = match.span()
            if begin >= stop and not (last and begin < len(text)):
                break
            if begin < end:
                add(begin, end)
                self._done = end

    def _add_plain(self, begin: int, _end: int) -> None:
        self._starts.append(begin)

    def _add(self, begin: int, end: int) -> None:
        self._starts.append(begin)
        piece = self._shown(begin, end)
        if piece.isascii() and "\t" not in piece:
            return
        piece = safe(piece, multiline=True)  # measured as it will be drawn: one code point for one
        if cell_len(piece) + piece.count("\t") * TAB <= self.width:
            return
        used = 0
        for offset, char in enumerate(piece):
            wide = TAB if char == "\t" else cell_len(char)
            if used + wide > self.width and offset:
                self._starts.append(begin + offset)
                used = 0
            used += wide

    def _shown(self, begin: int, end: int) -> str:
        piece = self.text[begin:end].rstrip("\n\f\r")
        return piece[:-1] if len(piece) > self.width and piece.endswith(" ") else piece

    def bounds(self, index: int) -> tuple[int, int]:
        """The code points from which to which a row goes, its line end included."""
        begin = self._starts[index]
        return begin, self._starts[index + 1] if index + 1 < len(self._starts) else self._done

    def knows(self, offset: int) -> bool:
        """Whether the row of a code point is known."""
        return offset < self._done

    def row_of(self, offset: int) -> int:
        """The row on which a code point stands, among those known."""
        return max(0, bisect_right(self._starts, offset) - 1)

    def at(self, index: int) -> Line:
        """The line at an index."""
        begin, end = self.bounds(index)
        piece = span(self._shown(begin, end), self.role)
        return Line((self._margin, piece) if self._margin.text else (piece,)) if piece.text else Line()


class Joined(Provider):
    """Providers one after another."""

    def __init__(self, parts: Sequence[Rows]) -> None:
        self._parts = [part for part in parts if len(part)]
        self._ends = list(accumulate(len(part) for part in self._parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def at(self, index: int) -> Line:
        """The line at an index."""
        part = bisect_right(self._ends, index)
        return self._parts[part][index - (self._ends[part - 1] if part else 0)]


class Window(Provider):
    """The rows of a provider from `start`, at most `count` of them."""

    def __init__(self, rows: Rows, start: int = 0, count: int | None = None) -> None:
        self._rows, self._start = rows, start
        left = max(0, len(rows) - start)
        self._count = left if count is None else min(count, left)

    def __len__(self) -> int:
        return self._count

    def at(self, index: int) -> Line:
        """The line at an index."""
        return self._rows[self._start + index]


@lru_cache(64)
def text_rows(text: str, width: int, role: str = "text", words: bool = True, margin: int = 0) -> TextRows:
    """The rows of a text, all of them indexed; the newest few texts are kept."""
    rows = TextRows(text, width, role, words=words, margin=margin)
    while not rows.is_complete:
        rows.index()
    return rows
