"""A screen that is one list, narrowed by what is typed: the keys that lead into the filter and out again."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.binding import Binding, BindingType

from rlm_tui.ui.screens.full_screen import FullScreen
from rlm_tui.ui.widgets.filter_line import FilterLine
from rlm_tui.ui.widgets.lines_view import LinesView


class FilteredScreen(FullScreen):
    """Has one list and one filter line; the list has the focus unless one types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back", show=False),
        Binding("q", "back", "back", show=False),
        Binding("slash,f", "filter", "filter", show=False),
    ]

    @property
    def _rows(self) -> LinesView:
        return self.query_one(LinesView)

    @property
    def _filter(self) -> FilterLine:
        return self.query_one(FilterLine)

    def on_filter_line_left(self) -> None:
        """Back to the list."""
        self.set_focus(self._rows)

    def action_filter(self) -> None:
        """Narrow the list by words."""
        self._filter.open()

    def action_choose(self, by: int) -> None:
        """While the filter is typed, the arrows choose."""
        self._rows.action_cursor(by)

    def action_leave(self) -> None:
        """Take the filter away, or leave."""
        if self._filter.text:
            self._filter.leave(is_kept=False)
        else:
            self.action_back()

    @abstractmethod
    def action_back(self) -> None:
        """Leave."""
