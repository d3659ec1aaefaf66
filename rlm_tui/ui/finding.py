"""A search through a document in a thread of its own; hits can be looked at while it goes on."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from rlm_tui.context.document import Document
from rlm_tui.context.search import find

_MOST = 100_000


class Place(NamedTuple):
    """A hit: the part it stands in, and from where to where in code points."""

    part: int
    start: int
    end: int


class Finding:
    """The hits of one query, in document order; the thread ends with `cancel()`, or at the most hits that are kept."""

    def __init__(self, document: Document, query: str) -> None:
        self.document = document
        self.query = query
        self.chars = document.chars
        self._parts = array("Q")
        self._starts: list[array[int]] = [array("Q")]
        self._ends: list[array[int]] = [array("Q")]
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rlm-tui-find", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for hit in find(self.document, self.query):
            while len(self._starts) <= hit.part:
                self._ends.append(array("Q"))
                self._starts.append(array("Q"))
            self._ends[hit.part].append(hit.offset + hit.length)
            self._starts[hit.part].append(hit.offset)
            self._parts.append(hit.part)
            if self._cancelled.is_set() or self.is_full:
                return

    @property
    def total(self) -> int:
        """How many hits there are so far."""
        return len(self._parts)

    @property
    def is_full(self) -> bool:
        """Whether there may be more hits than are kept."""
        return len(self._parts) >= _MOST

    @property
    def is_done(self) -> bool:
        """Whether the whole document was searched."""
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Block until the whole document was searched, or some time has passed."""
        self._thread.join(seconds)

    def cancel(self) -> None:
        """End the thread, and wait for it."""
        self._cancelled.set()
        self._thread.join()

    def hit(self, index: int) -> Place:
        """A hit by its number from 0."""
        part = self._parts[index]
        nth = index - bisect_left(self._parts, part)
        return Place(part, self._starts[part][nth], self._ends[part][nth])

    def within(self, part: int, start: int, end: int) -> list[tuple[int, int]]:
        """The hits of a part that touch a stretch of it."""
        if part >= len(self._starts):
            return []
        starts, ends = self._starts[part], self._ends[part]
        first = bisect_right(ends, start)
        last = bisect_left(starts, end)
        return [(starts[i], ends[i]) for i in range(first, last)]
