"""The call tree narrowed by a filter: what matches, and what holds it; a long run is looked through in slices."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rlm_tui.filter import Filter, Moment, SlowFilterError
from rlm_tui.session.log import Log
from rlm_tui.trajectory import Node, View
from rlm_tui.ui.content.batches import split_key
from rlm_tui.ui.content.twigs import Row

_SLICE_S = 0.01
_LOOKED_AT = 50


class NarrowedRows:
    """The rows of one narrowing; for the pane they are what the rows of the whole tree are."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._places = {row.key: index for index, row in enumerate(rows)}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Row:
        """The row at an index."""
        return self._rows[index]

    def find(self, key: str) -> int | None:
        """The row of a node; of what is left out there is none."""
        return self._places.get(split_key(key)[0])


class Narrowing:
    """One filter over a growing run; what it says of a node that is closed is asked once."""

    def __init__(self, meant: Filter, text: str) -> None:
        self.text = text
        self.rows = NarrowedRows([])
        self.hits = self.total = 0
        self.problem = ""
        self._meant = meant
        self._known: dict[str, bool] = {}
        self._walk: Iterator[None] | None = None
        self._seq = -1

    @property
    def is_done(self) -> bool:
        """Whether the rows are those of the moment that was looked at last."""
        return self._walk is None

    @property
    def note(self) -> str:
        """How many match, of how many."""
        return f"{self.hits:,} of {self.total:,}" + ("" if self.is_done else " …")

    def look(self, view: View, log: Log) -> None:
        """Go on for a slice; another moment begins anew, with what is known."""
        if view.seq != self._seq or (self._walk is None and self._seq < 0):
            self._seq, self._walk = view.seq, self._through(view, Moment(view, log))
        end = time.perf_counter() + _SLICE_S
        while self._walk is not None and time.perf_counter() < end:
            try:
                next(self._walk)
            except StopIteration:
                self._walk = None
            except SlowFilterError as error:
                self._walk, self.problem = None, str(error)

    def _through(self, view: View, moment: Moment) -> Iterator[None]:
        rows: list[Row] = []
        path: list[Row] = []
        hits = total = written = 0
        stack = [(root, 0) for root in reversed(view.roots)]
        while stack:
            node, depth = stack.pop()
            path[depth:] = [Row(node.id, depth)]
            written = min(written, depth)
            total += 1
            if self._matches(moment, node, view):
                rows += path[written:]
                hits, written = hits + 1, len(path)
            stack += [(child, depth + 1) for child in reversed(view.children(node))]
            if not total % _LOOKED_AT:
                yield
        self.rows, self.hits, self.total = NarrowedRows(rows), hits, total

    def _matches(self, moment: Moment, node: Node, view: View) -> bool:
        known = self._known.get(node.id)
        if known is None:
            known = self._meant.matches(moment, node)
            if node.closed is not None and node.closed <= view.seq:
                self._known[node.id] = known
        return known
