"""Rows of many parts of which only those are made that are looked at; the height of the others is a guess."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

from rlm_tui.ui.lines import BLANK, Line, Rows
from rlm_tui.ui.rows import Joined, Provider

_MOST = 1 << 32
_KEPT = 256
_FEW = 32

Place: TypeAlias = tuple[int, ...]
"""Where a row stands whatever the heights above it: its part, the part within that one, at last the row in there."""

Make: TypeAlias = Callable[[int], tuple[Rows, int | None]]
"""Makes a part; with the event since which it has been what it is, or None while it may still change."""


class Heights:
    """How many rows each of any number of parts takes: a guess until it is told; a question costs log(n)."""

    def __init__(self, guess: int) -> None:
        self._guess = guess
        self._known: dict[int, int] = {}
        self._more: dict[int, int] = {}  # a Fenwick tree of what is known beyond the guess

    def knows(self, part: int) -> bool:
        """Whether the height of a part was told."""
        return part in self._known

    def tell(self, part: int, height: int) -> bool:
        """The height of a part; whether another one was thought of."""
        before = self._known.get(part, self._guess)
        self._known[part] = height
        at = part + 1
        while height != before and at <= _MOST:
            self._more[at] = self._more.get(at, 0) + height - before
            at += at & -at
        return height != before

    def start(self, part: int) -> int:
        """The rows above a part."""
        above, at = part * self._guess, part
        while at:
            above += self._more.get(at, 0)
            at -= at & -at
        return above

    def find(self, row: int) -> int:
        """The part in which a row stands."""
        part, step = 0, _MOST
        while step:
            rows = step * self._guess + self._more.get(part + step, 0)
            if rows <= row:
                part += step
                row -= rows
            step >>= 1
        return part

    def until(self, count: int) -> Heights:
        """The same for the first `count` parts only."""
        first = Heights(self._guess)
        for part, height in self._known.items():
            if part < count:
                first.tell(part, height)
        return first


class Kept:
    """What stays of parts from one drawing to the next: their heights, and the newest few that were made."""

    def __init__(self, guess: int, heights: Heights | None = None) -> None:
        self.heights = heights or Heights(guess)
        self._guess = guess
        self._made: OrderedDict[int, tuple[int, Rows]] = OrderedDict()

    def get(self, part: int, moment: int) -> Rows | None:
        """A part as it was made, if it was the same at a moment."""
        since, rows = self._made.get(part, (0, None))
        return rows if since <= moment else None

    def put(self, part: int, since: int, rows: Rows) -> None:
        """Keep a part that has been what it is since an event."""
        self._made[part] = since, rows
        if len(self._made) > _KEPT:
            self._made.popitem(last=False)

    def redrawn(self) -> Kept:
        """For parts that are drawn anew: the heights are what they were as far as one knows."""
        return Kept(self._guess, self.heights)

    def until(self, count: int) -> Kept:
        """For parts that differ from `count` on."""
        return Kept(self._guess, self.heights.until(count))


class Parts(Provider):
    """The first `count` parts are made by `make` when they are looked at, as of a `moment`; those of `tail` follow.

    `settle()` makes the parts of some rows and corrects their heights, with which rows below get other indices; a
    `place()` stays true. A part may itself be `Parts`.
    """

    def __init__(
        self,
        tail: Sequence[Rows] = (),
        kept: Kept | None = None,
        count: int = 0,
        make: Make | None = None,
        moment: int = 0,
    ) -> None:
        self._tail = [rows for rows in tail if len(rows)]
        self._ends = list(accumulate(map(len, self._tail)))
        self._kept = kept or Kept(1)
        self._heights = self._kept.heights
        self._count, self._make, self._moment = count, make, moment
        self._passing: dict[int, Rows] = {}

    def __len__(self) -> int:
        return self._heights.start(self._count) + (self._ends[-1] if self._ends else 0)

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return self._count + len(self._tail)

    def start(self, part: int) -> int:
        """The row at which a part begins, as far as one knows."""
        behind = part - self._count
        if behind <= 0:
            return self._heights.start(part)
        return self._heights.start(self._count) + self._ends[behind - 1]

    def find(self, row: int) -> int:
        """The part in which a row stands, as far as one knows."""
        behind = row - self._heights.start(self._count)
        return self._heights.find(max(0, row)) if behind < 0 else self._count + bisect_right(self._ends, behind)

    def part(self, part: int) -> Rows:
        """The rows of a part."""
        if part >= self._count:
            return self._tail[part - self._count]
        rows = self._passing.get(part) or self._kept.get(part, self._moment)
        if rows is None:
            assert self._make is not None  # noqa: S101
            rows, since = self._make(part)
            if since is None or since > self._moment:
                self._passing[part] = rows
            else:
                self._kept.put(part, since, rows)
        return rows

    def at(self, index: int) -> Line:
        """The line at an index; a row that a part turns out not to have is blank until `settle()`."""
        part = self.find(index)
        rows, row = self.part(part), index - self.start(part)
        return rows[row] if row < len(rows) else BLANK

    def knows(self, index: int) -> bool:
        """Whether the part in which a row stands was made before."""
        part = self.find(index)
        if part < self._count and not self._heights.knows(part):
            return False
        rows = self.part(part)
        return not isinstance(rows, Parts) or rows.knows(min(index - self.start(part), len(rows) - 1))

    def settle(self, first: int, last: int) -> bool:
        """Make the parts of the rows from `first` to `last`; whether a height came out other than it was thought."""
        part, changed = self.find(max(0, first)), False
        while part < self.parts and (begin := self.start(part)) <= last:
            changed |= self._measure(part, first - begin, last - begin)
            part += 1
        return changed

    def glance(self) -> None:
        """Where there are few parts, make them all: then nothing is guessed in a short run."""
        for part in range(self._count if self._count <= _FEW else 0):
            self._measure(part, 0, -1)

    def __iter__(self) -> Iterator[Line]:
        """Every row; so every part is made."""
        while self.settle(0, len(self)):
            pass
        return (self[index] for index in range(len(self)))

    def _measure(self, part: int, first: int, last: int) -> bool:
        rows = self.part(part)
        changed = isinstance(rows, Parts) and rows.settle(first, last)
        if part < self._count:
            return self._heights.tell(part, len(rows)) or changed
        before, self._ends = self._ends, list(accumulate(map(len, self._tail)))
        return changed or before != self._ends

    def place(self, index: int) -> Place:
        """Where a row stands."""
        part = self.find(max(0, min(index, len(self) - 1)))
        rows, row = self.part(part), max(0, index - self.start(part))
        return (part, *rows.place(row)) if isinstance(rows, Parts) else (part, row)

    def row(self, place: Place) -> int:
        """The index of a place, whose part is made; the nearest one where there is no such row any more."""
        if len(place) == 1 or not self.parts:
            return max(0, min(place[0], len(self) - 1))
        part = min(place[0], self.parts - 1)
        rows, inner = self.part(part), place[1:]
        row = rows.row(inner) if isinstance(rows, Parts) else inner[0] if len(inner) == 1 else len(rows)
        self._measure(part, row, row)
        return self.start(part) + max(0, min(row, len(rows) - 1))


def together(*parts: Rows) -> Rows:
    """Rows one after another, of which some may not be made yet."""
    return Parts(parts) if any(isinstance(part, Parts) for part in parts) else Joined(parts)
