"""Row providers for what is long: a text wrapped when it is looked at, and several providers one after another."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import overload

from rich.cells import cell_len, get_character_cell_size

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

    def drawn(self) -> object:
        """Equal for two that draw the same, as far as that is known without drawing them."""
        return self

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


def _is_plain(text: str) -> bool:
    """Whether every character takes one cell."""
    return text.isascii() and "\t" not in text


def _is_mark(char: str) -> bool:
    return char > "\u02ff" and unicodedata.combining(char) > 0


def _cells_of(char: str) -> int:
    return TAB if char == "\t" else get_character_cell_size(char)


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
        self._words = words
        self._pattern = _pattern(self.width, words)
        self._starts = array("Q")
        self._done = 0

    def drawn(self) -> object:
        """Equal for two that draw the same text in the same way."""
        return self.text, self.role, self._margin, self._pattern, self._done

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
        stop = min(len(self.text), self._done + budget)
        fits = _is_plain(self.text[self._done : stop + self.width + 1])
        while self._done < stop:
            self._index_until(stop, fits)

    def _index_until(self, stop: int, fits: bool) -> None:
        """Take rows as the pattern finds them, to the first of which it took too much or too little."""
        for match in self._pattern.finditer(self.text, self._done):
            begin, found = match.span()
            if begin >= stop:
                break
            end = found if fits else self._end_of(begin, found)
            self._starts.append(begin)
            self._done = end
            if end != found:
                break

    def _end_of(self, begin: int, end: int) -> int:
        """Where a row ends that the pattern ends here, which counts a cell for every character."""
        if self._cells(begin, end) > self.width:
            return begin + self._cut(safe(self._shown(begin, end), multiline=True))
        # A mark stays with its base: at the beginning of a row it would stand on nothing.
        while _is_mark(self.text[end : end + 1]) and self.text[end - 1] not in "\n\f":
            if self._cells(begin, end + 1) > self.width:
                break
            end += 1
        return end

    def _cells(self, begin: int, end: int) -> int:
        """The cells of a row as it will be drawn, a tab at its widest."""
        piece = self._shown(begin, end)
        if _is_plain(piece):
            return len(piece)
        return cell_len(safe(piece, multiline=True)) + piece.count("\t") * TAB

    def _cut(self, piece: str) -> int:
        """How many characters of a row that is too wide stand in it: up to the last space that fits, where `words`."""
        used = space = 0
        for offset, char in enumerate(piece):
            used += _cells_of(char)
            is_space = self._words and char == " " and bool(piece[:offset].strip())
            if used > self.width and offset:
                return offset + 1 if is_space else space or offset
            space = offset + 1 if is_space else space
        return len(piece)

    def _shown(self, begin: int, end: int) -> str:
        piece = self.text[begin:end].rstrip("\n\f\r")
        return piece[:-1] if piece.endswith(" ") and (len(piece) > self.width or not _is_plain(piece)) else piece

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
    """Providers one after another; those that are joined themselves are taken apart."""

    def __init__(self, parts: Sequence[Rows]) -> None:
        self.parts: list[Rows] = [piece for part in parts for piece in pieces(part) if len(piece)]
        self._ends = list(accumulate(len(part) for part in self.parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def at(self, index: int) -> Line:
        """The line at an index."""
        part = bisect_right(self._ends, index)
        return self.parts[part][index - (self._ends[part - 1] if part else 0)]


class Window(Provider):
    """The rows of a provider from `start`, at most `count` of them."""

    def __init__(self, rows: Rows, start: int = 0, count: int | None = None) -> None:
        self._rows, self._start = rows, start
        left = max(0, len(rows) - start)
        self._count = left if count is None else min(count, left)

    def drawn(self) -> object:
        """Equal for two that show the same part of the same rows."""
        return self._start, self._count, _drawn(self._rows)

    def __len__(self) -> int:
        return self._count

    def at(self, index: int) -> Line:
        """The line at an index."""
        return self._rows[self._start + index]


def pieces(rows: Rows) -> Sequence[Rows]:
    """What rows are joined of; rows that are not joined are one piece."""
    return rows.parts if isinstance(rows, Joined) else (rows,)


def _drawn(rows: Rows) -> object:
    return rows.drawn() if isinstance(rows, Provider) else rows


def parting(before: Rows, after: Rows, since: int, is_other: Callable[[Line, Line], bool]) -> int:
    """The first row from `since` on where two drawings part; pieces that are equal are not drawn for it."""
    at = 0
    for old, new in zip(pieces(before), pieces(after), strict=False):
        if _drawn(old) != _drawn(new):
            both = range(min(max(0, since - at), len(old), len(new)), min(len(old), len(new)))
            index = next((index for index in both if is_other(old[index], new[index])), both.stop)
            if index < max(len(old), len(new)):
                return at + index
        at += len(old)
    return at


@lru_cache(64)
def text_rows(text: str, width: int, role: str = "text", words: bool = True, margin: int = 0) -> TextRows:
    """The rows of a text, all of them indexed; the newest few texts are kept."""
    rows = TextRows(text, width, role, words=words, margin=margin)
    while not rows.is_complete:
        rows.index()
    return rows
