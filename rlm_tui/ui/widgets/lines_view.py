"""A virtual view of lines: paints what is on screen from a row provider, however many rows there are."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from rlm_tui.ui.lines import Line, Rows, mark, paint
from rlm_tui.ui.theme import style

HIT, HIT_NOW = "background on careful", "background on accent"
_CURSOR = "text on panel"
_SELECTED = "text on rule"
_ARROWS = ("▸", "▾")
_STRIPS = 512
_COPIED = 100_000
_ANCHORED = 5_000


class LinesView(ScrollView, can_focus=True):
    """Rows with a cursor; a new set of rows repaints only the rows that differ, and lays out nothing."""

    DEFAULT_CSS = """
    LinesView { overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor(1)", "Down", show=False),
        Binding("k,up", "cursor(-1)", "Up", show=False),
        Binding("g,home", "end(0)", "First", show=False),
        Binding("G,end", "end(1)", "Last", show=False),
        Binding("pagedown,space", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("enter", "enter", "Open", show=False),
    ]

    class Moved(Message):
        """A person moved the cursor to a row."""

        def __init__(self, view: LinesView, index: int, key: str) -> None:
            super().__init__()
            self.view, self.index, self.key = view, index, key

        @property
        def control(self) -> LinesView:
            """The view that sent it."""
            return self.view

    class Resized(Message):
        """Rows have another width now, so they must be made anew."""

    class Entered(Moved):
        """A person opened a row with Enter or a second click."""

    def __init__(
        self,
        *,
        keep_cursor: bool = False,
        tail: bool = False,
        id: str | None = None,  # noqa: A002
        classes: str | None = None,
    ) -> None:
        """`keep_cursor`: it shows without focus too; `tail`: at the end, the view stays there while rows come."""
        super().__init__(id=id, classes=classes)
        self.rows: Rows = []
        self.cursor = 0
        self.needle = ""
        self._here = (-1, 0, 0)
        self._keep_cursor = keep_cursor
        self._tail = tail
        self._painted: dict[int, Line] = {}
        self._count = 0
        self._columns = 0
        self._page = 1
        self._rows_columns = 0
        self._strips: dict[tuple[Line, int, bool], Strip] = {}
        self._styles: dict[str, Style] = {}

    @property
    def top(self) -> int:
        """The first row on screen."""
        return int(self.scroll_offset.y)

    @property
    def page(self) -> int:
        """How many rows are on screen; while it is not shown, how many were."""
        return max(1, self.scrollable_content_region.height or self._page)

    @property
    def columns(self) -> int:
        """The cells that a row may take; while it is not shown, those that it could take before."""
        return max(2, self.scrollable_content_region.width or self.size.width or self._columns)

    @property
    def is_at_end(self) -> bool:
        """Whether the view goes along with what is added at the end."""
        return self._tail and self.top + self.page >= self._count

    @property
    def cursor_key(self) -> str:
        """What the row under the cursor means, or nothing."""
        return self.rows[self.cursor].key if 0 <= self.cursor < len(self.rows) else ""

    def show_rows(self, rows: Rows, *, cursor: int | None = None, top: int | None = None) -> None:
        """Take these rows; cursor and scroll position stay unless they are given."""
        at_end = self.is_at_end
        if self._rows_columns not in (0, self.columns) and top is None and not at_end:
            top = _same_place(self.rows, self.top, rows)
            cursor = _same_place(self.rows, self.cursor, rows) if cursor is None else cursor
        self.rows, self._rows_columns = rows, self.columns
        self._resize_rows(len(rows))
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, len(rows) - 1))
        if top is not None:
            self.scroll_to(y=top, animate=False)
        elif at_end:
            self._to_end()
        elif self.top > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False)
        self._repaint_changed()

    def _to_end(self) -> None:
        self.cursor = max(0, len(self.rows) - 1)
        self.scroll_to(y=max(0, len(self.rows) - self.page), animate=False)

    def _resize_rows(self, count: int) -> None:
        self._count = count
        # set_reactive and not an assignment: the scrollbar always stands, so a new height needs no layout
        if count != self.virtual_size.height:
            self.set_reactive(LinesView.virtual_size, Size(self.size.width, count))
            if self.is_mounted and self.size:
                self.vertical_scrollbar.window_virtual_size = count

    def _repaint_changed(self) -> None:
        width, top = self.size.width, self.top
        for y in range(self.page):
            if self._painted.get(y) != self._row(top + y):
                self.refresh(Region(0, y, width, 1))

    def _row(self, index: int) -> Line | None:
        if not 0 <= index < len(self.rows):
            return None
        row = self.rows[index]
        if not self.needle:
            return row
        at, start, end = self._here
        is_here = index == at and row.text[start:end].casefold() == self.needle.casefold()
        marked = mark(row, self.needle, HIT)
        return paint(marked, [(start, end)], HIT_NOW) if is_here else marked

    def highlight(self, needle: str) -> None:
        """Mark every place where a text stands; nothing marks nothing."""
        if needle != self.needle:
            self.needle, self._here = needle, (-1, 0, 0)
            self._repaint_changed()

    def point(self, index: int, start: int, end: int) -> None:
        """Mark one of these places, in characters of its row, as the one that is looked at."""
        self._here = index, start, end
        self._repaint_changed()

    def move_cursor(self, index: int, *, centre: bool = False) -> None:
        """Put the cursor on a row and bring it on screen, without telling anyone; `centre` for a long way."""
        index = max(0, min(index, len(self.rows) - 1))
        if index != self.cursor:
            old, self.cursor = self.cursor, index
            self.refresh_line(old)
            self.refresh_line(index)
        top, page = self.top, self.page
        if not top <= index < top + page:
            middle = index - page // 2
            near = index if index < top else index - page + 1
            self.scroll_to(y=max(0, middle if centre else near), animate=False)

    def render_line(self, y: int) -> Strip:
        """The strip of one row on screen."""
        row = self._row(self.top + y)
        if row is None:
            self._painted.pop(y, None)
            return Strip.blank(self.columns, self.rich_style)
        self._painted[y] = row
        index = self.top + y
        chosen = self.text_selection.get_span(index) if self.text_selection else None
        if chosen is not None:
            end = chosen[1] if chosen[1] >= 0 else len(row.text)
            row = paint(row, [(chosen[0], end)], _SELECTED)
        return self._strip(row, self._has_cursor(index)).apply_offsets(0, index)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that the mouse selected, row by row as it stands on screen."""
        first, last = selection.start.y if selection.start else 0, selection.end.y if selection.end else len(self.rows)
        rows = [self.rows[index].text for index in range(first, min(last + 1, len(self.rows), first + _COPIED))]
        within = [(row, selection.get_span(first + index)) for index, row in enumerate(rows)]
        texts = [row[span[0] : span[1] if span[1] >= 0 else None].rstrip() for row, span in within if span]
        return "\n".join(texts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002
        """Draw what is selected."""
        self.refresh()

    def _has_cursor(self, index: int) -> bool:
        return index == self.cursor and (self._keep_cursor or self.has_focus)

    def _strip(self, row: Line, cursor: bool) -> Strip:
        width = self.columns
        if len(self._strips) > _STRIPS:
            self._strips.clear()
        strip = self._strips.get((row, width, cursor))
        if strip is None:
            segments = [Segment(text, self._role_style(role)) for text, role in row.spans]
            ground = Style(bgcolor=self._role_style(_CURSOR).bgcolor) if cursor else Style()
            strip = Strip(segments).adjust_cell_length(width).apply_style(self.rich_style + ground)
            self._strips[row, width, cursor] = strip
        return strip

    def notify_style_update(self) -> None:
        """Other colours: nothing that was drawn before will do."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def _role_style(self, role: str) -> Style:
        """The style of a role in the theme of now."""
        found = self._styles.get(role)
        if found is None:
            found = self._styles[role] = style(self, role)
        return found

    def action_cursor(self, by: int) -> None:
        """Move the cursor by rows; one that was scrolled out of sight starts at the edge of the screen."""
        last = self.top + self.page - 1
        at = min(max(self.cursor, self.top - (by > 0)), last + (by < 0))
        self._move(at + by)

    def action_end(self, which: int) -> None:
        """Go to the first or the last row."""
        self._move(len(self.rows) - 1 if which else 0)

    def action_page(self, by: int) -> None:
        """Move by a screenful, one row of it kept."""
        step, last = by * max(1, self.page - 1), self.top + self.page - 1
        self.cursor = min(max(self.cursor, self.top), last, len(self.rows) - 1)
        self.scroll_to(y=max(0, min(self.top + step, self.max_scroll_y)), animate=False)
        self._move(self.cursor + step)

    def action_enter(self) -> None:
        """Open the row under the cursor."""
        if len(self.rows):
            self.post_message(self.Entered(self, self.cursor, self.cursor_key))

    def _move(self, index: int) -> None:
        before = self.cursor
        self.move_cursor(index)
        if self.cursor != before:
            self.post_message(self.Moved(self, self.cursor, self.cursor_key))

    def on_resize(self) -> None:
        """Keep the cursor in sight on a lower screen, and tell the pane when rows have another width."""
        before, self._page = self._page, self.page
        self._keep_in_sight(before)
        if self.columns != self._columns:
            self._columns = self.columns
            self.post_message(self.Resized())

    def _keep_in_sight(self, before: int) -> None:
        """Scroll by what a screen that had `before` rows has lost, if the cursor stood there."""
        if self.top + self.page <= self.cursor < self.top + before:
            self.scroll_to(y=self.cursor - self.page + 1, animate=False)

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor; one on the row that has it, or on the arrow of a fold, opens the row."""
        offset = event.get_content_offset_capture(self)
        index = self.top + int(offset.y)
        if not 0 <= index < len(self.rows) or self.text_selection:
            return
        was_there = index == self.cursor
        self._move(index)
        if was_there or self.rows[index].text[offset.x : offset.x + 1] in _ARROWS:
            self.action_enter()

    def on_focus(self) -> None:
        """The cursor shows where the focus is."""
        self.refresh_line(self.cursor)

    def on_blur(self) -> None:
        """The cursor shows where the focus is."""
        self.refresh_line(self.cursor)


def _same_place(old: Rows, index: int, new: Rows) -> int | None:
    """Where a row stands among rows of another width: as far below the nearest row that has a key as before."""
    if len(old) > _ANCHORED or not 0 <= index < len(old):
        return None
    anchor = next((above for above in range(index, -1, -1) if old[above].key), None)
    if anchor is None:
        return None
    key = old[anchor].key
    found = next((at for at, row in enumerate(new[:_ANCHORED]) if row.key == key), None)
    return None if found is None else found + index - anchor
