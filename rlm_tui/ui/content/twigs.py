"""The rows of a tree that still grows: each twig counts the rows below it, so nothing is walked again to draw."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import NamedTuple

_place = attrgetter("place")


class Row(NamedTuple):
    """A row of the tree: a node id, or `CODE#BATCH` for the calls of one batch, and how deep it stands."""

    key: str
    depth: int


class Twig:
    """A row and the twigs below it in reading order, which is that of `place`; `size` counts the rows that show.

    Adding one at the end, or letting one grow there, costs the depth of the tree; a row is found by bisection.
    """

    __slots__ = ("_is_tidy", "_order", "below", "ends", "inner", "is_open", "key", "losses", "place", "up")

    def __init__(self, key: str, place: float, *, is_open: bool) -> None:
        self.key, self.place, self.is_open = key, place, is_open
        self.up: Twig | None = None
        self.below: dict[str, Twig] = {}
        self.losses = 0
        self.inner = 0
        self._is_tidy = True
        self._order: list[Twig] | None = []
        self.ends: list[int] = []

    @property
    def size(self) -> int:
        """The rows that show: its own, and those below while it is open."""
        return 1 + self.inner if self.is_open else 1

    def add(self, twig: Twig) -> None:
        """Put a twig in its place below this one."""
        twig.up = self
        self.below[twig.key] = twig
        if self._order is not None and (not self._order or self._order[-1].place < twig.place):
            self._order.append(twig)
        else:
            self.stir()
        self.swell(twig.size)

    def remove(self, twig: Twig) -> None:
        """Take a twig away."""
        del self.below[twig.key]
        self.losses += 1
        self._order = None
        self.ends.clear()
        self.swell(-twig.size)

    def stir(self) -> None:
        """The twigs below are not in order any more."""
        self._is_tidy, self._order = False, None
        self.ends.clear()

    def first_place(self) -> float:
        """The place of the first twig below."""
        twigs = self.below.values()
        return next(iter(twigs)).place if self._is_tidy else min(twig.place for twig in twigs)

    def fold(self, is_open: bool) -> None:
        """Show what is below, or show it no more."""
        before, self.is_open = self.size, is_open
        if self.up is not None and self.size != before:
            self.up.cut(self)
            self.up.swell(self.size - before)

    def swell(self, by: int) -> None:
        """Count more rows below, here and as far up as they show."""
        twig = self
        twig.inner += by
        while twig.is_open and twig.up is not None:
            twig.up.cut(twig)
            twig = twig.up
            twig.inner += by

    def cut(self, twig: Twig) -> None:
        """Where the rows of a twig end is not known any more, nor of those after it."""
        if self._order is None:
            self.ends.clear()
        else:
            del self.ends[bisect_left(self._order, twig.place, key=_place) :]

    def ordered(self) -> list[Twig]:
        """The twigs below in reading order; `ends` says after how many rows each is over."""
        if self._order is None:
            twigs = self.below.values()
            self._order = list(twigs) if self._is_tidy else sorted(twigs, key=_place)
        order, ends = self._order, self.ends
        total = ends[-1] if ends else 0
        for twig in order[len(ends) :]:
            total += twig.size
            ends.append(total)
        return order

    def row(self, index: int) -> Row:
        """The row at an index, 0 being its own, and its depth below this one."""
        twig, depth = self, 0
        while index > 0:
            order, left = twig.ordered(), index - 1
            nth = bisect_right(twig.ends, left)
            index = left - (twig.ends[nth - 1] if nth else 0)
            twig, depth = order[nth], depth + 1
        return Row(twig.key, depth)

    def index(self) -> int:
        """The index of its row from the top of the tree, or of the row that it is folded into."""
        index, twig = 0, self
        while twig.up is not None:
            above = twig.up
            if above.is_open:
                nth = bisect_left(above.ordered(), twig.place, key=_place)
                index += 1 + (above.ends[nth - 1] if nth else 0)
            else:
                index = 0
            twig = above
        return index

    def rows(self, depth: int) -> list[Row]:
        """All rows that show, from its own on."""
        found, stack = [], [(self, depth)]
        while stack:
            twig, level = stack.pop()
            found.append(Row(twig.key, level))
            if twig.is_open:
                stack += [(other, level + 1) for other in reversed(twig.ordered())]
        return found
