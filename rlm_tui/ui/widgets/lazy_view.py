"""A view of parts that are made when they come onto the screen; what a person looks at stays where it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.geometry import Offset
from textual.selection import Selection

from rlm_tui.ui.content.parts import FOLD
from rlm_tui.ui.lazy import Parts, Place
from rlm_tui.ui.lines import Rows
from rlm_tui.ui.widgets.lines_view import LinesView

_FOLDED = 200


class LazyView(LinesView):
    """Rows whose heights come out when they are seen: places are kept, not indices."""

    _is_settling = False

    def show_rows(self, rows: Rows, *, cursor: int | None = None, top: int | None = None) -> None:
        """Take these rows; what is under the cursor, else at the top, stays unless a position is given."""
        anchor = cursor
        if isinstance(rows, Parts):
            rows.glance()
        if cursor is None and top is None and not self.is_at_end:
            cursor, top, anchor = self._same(rows)
        with self._alone():
            super().show_rows(rows, cursor=cursor, top=top)
        self._settle(anchor)

    def _same(self, rows: Rows) -> tuple[int | None, int | None, int | None]:
        """The cursor, the top, and which of the two stays, among rows that were made anew."""
        if not isinstance(self.rows, Parts) or not isinstance(rows, Parts):
            return None, None, None
        stays = self.cursor if self._is_seen(self.cursor) else self.top
        y, key = stays - self.top, self.cursor_key
        at, cursor = _found(rows, [self.rows.place(stays), self.rows.place(self.cursor)])
        if stays == self.cursor and key.startswith(FOLD):
            at = cursor = next((row for row in range(at, max(-1, at - _FOLDED), -1) if rows[row].key == key), at)
        return cursor, max(0, at - y), at

    def _settle(self, anchor: int | None = None) -> None:
        """Make what is on the screen; the row `anchor`, else one that was seen before, stays where it stands."""
        rows, changed = self.rows, False
        while isinstance(rows, Parts) and len(rows):
            row = self._known() if anchor is None else anchor
            y, beside, is_known = row - self.top, self.cursor - row, self._is_settled(self.cursor)
            places = [rows.place(each) for each in (row, self.cursor, *self._chosen())]
            if not rows.settle(self.top, self.top + self.page - 1):
                break
            row, cursor, *chosen = _found(rows, places)
            changed, anchor = True, row
            with self._alone():
                self._resize_rows(len(rows))
                self.cursor = max(0, min(cursor if is_known else row + beside, len(rows) - 1))
                self.scroll_to(y=max(0, row - y))
                self._choose(chosen)
        if changed:
            self._repaint_changed()

    def _chosen(self) -> list[int]:
        """The rows at which what the mouse selected begins and ends."""
        return [end.y for end in self.text_selection or () if end is not None]

    def _choose(self, rows: list[int]) -> None:
        """Other indices for what the mouse selected."""
        if self.text_selection and rows != self._chosen():
            left = iter(rows)
            ends = [None if end is None else Offset(end.x, next(left)) for end in self.text_selection]
            self.screen.selections = {**self.screen.selections, self: Selection(*ends)}

    def _known(self) -> int:
        """The row on screen that was seen before, else the cursor, else the top."""
        assert isinstance(self.rows, Parts)  # noqa: S101
        rows = range(self.top, min(self.top + self.page, len(self.rows)))
        found = next((row for row in rows if self.rows.knows(row)), None)
        return found if found is not None else self.cursor if self._is_seen(self.cursor) else self.top

    def _is_settled(self, row: int) -> bool:
        assert isinstance(self.rows, Parts)  # noqa: S101
        return not self._is_seen(row) or self.rows.knows(row)

    def _is_seen(self, row: int) -> bool:
        return self.top <= row < self.top + self.page

    def _settle_end(self) -> None:
        while isinstance(self.rows, Parts) and self.rows.settle(len(self.rows) - self.page, len(self.rows) - 1):
            self._resize_rows(len(self.rows))

    def _to_end(self) -> None:
        self._settle_end()
        super()._to_end()

    def action_end(self, which: int) -> None:
        """Go to the first or the last row."""
        if which:
            with self._alone():
                self._settle_end()
        super().action_end(which)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Scrolling within makes nothing."""
        before, self._is_settling = self._is_settling, True
        try:
            yield
        finally:
            self._is_settling = before

    def scroll_to(self, x: float | None = None, y: float | None = None, **options: Any) -> None:
        """Go there at once: on the way heights come out that an animation would not know of."""
        super().scroll_to(x, y, **{**options, "animate": False})

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Make what comes onto the screen."""
        super().watch_scroll_y(old_value, new_value)
        if not self._is_settling:
            self._settle()

    def _keep_in_sight(self, before: int) -> None:
        """Stay at the end, or keep the cursor in sight; make what a taller screen shows more of."""
        if self.is_at_end or (self._tail and self.top + before >= self._count):
            self._to_end()
        else:
            super()._keep_in_sight(before)
        self._settle()


def _found(rows: Parts, places: list[Place]) -> list[int]:
    """The rows of some places; making one may move the others."""
    for place in places:
        rows.row(place)
    return [rows.row(place) for place in places]
