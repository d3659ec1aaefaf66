"""`/`: a line at the bottom to type what is looked for, the hits by field above it, and the walk through them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from rlm_tui.text import safe
from rlm_tui.ui.arriving import go_there, needle_of, pane_of, place_in, row_of
from rlm_tui.ui.content.hits import HitRows, fault_rows, status_rows
from rlm_tui.ui.host import host_of
from rlm_tui.ui.lines import line
from rlm_tui.ui.searching import GROUPS, At, Hit, Search
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.widgets.layout import STRIP_BELOW, THREE_COLUMNS
from rlm_tui.ui.widgets.lines_view import LinesView

_SLICE_S = 0.008
_BEAT_S = 0.02
_SHARE, _FEW, _BESIDE, _BARS = 0.4, 8, 26, 9
_MOVES = {"up": ("cursor", -1), "down": ("cursor", 1), "pageup": ("page", -1), "pagedown": ("page", 1)}


class SearchInput(Input):
    """What is looked for, drawn safely whatever was pasted; several lines become one."""

    @property
    def _value(self):  # type: ignore[no-untyped-def]
        from rich.text import Text

        return Text(safe(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(safe(self.value[:position]))

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()  # the widget takes the first line alone, and says nothing of the others
        event.stop()
        self.replace(" ".join(event.text.split()), *self.selection)


class Finder(Vertical):
    """Closed, it still knows the hits, so that `n` and `N` walk through them; posts `Closed` when it is left."""

    DEFAULT_CSS = """
    Finder { height: auto; display: none; padding-left: 1; }
    Finder > LinesView { height: 0; scrollbar-size-vertical: 1; }
    Finder > Horizontal { height: 1; }
    Finder #find-mark { width: 2; }
    Finder SearchInput { height: 1; border: none; padding: 0; width: 1fr; }
    """

    class Closed(Message):
        """The line was left, with a hit or without."""

    def __init__(self) -> None:
        super().__init__(id="find")
        self.rows = LinesView(keep_cursor=True, id="find-rows")
        self.rows.can_focus = False
        self.status, self.mark = Bar(id="find-status"), Bar(id="find-mark")
        self.input = SearchInput(placeholder="find", select_on_focus=False, compact=True)
        self.search: Search | None = None
        self._now: At | None = None
        self._chosen: At | None = None
        self._way: Iterator[int | None] | None = None
        self._sought: Hit | None = None
        self._marked: LinesView | None = None
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Hits, how many there are, and the line."""
        yield self.rows
        yield self.status
        with Horizontal():
            yield self.mark
            yield self.input

    def on_mount(self) -> None:
        """The beat of the slices, while there is something to do."""
        self.mark.show_rows(line(("/ ", "accent bold")))
        self._timer = self.set_interval(_BEAT_S, self._beat, pause=True)

    @property
    def is_open(self) -> bool:
        """Whether one types in it."""
        return bool(self.display)

    def open(self) -> None:
        """Type; what was looked for last stands there until something else is typed."""
        self.display = True
        self.input.action_select_all()
        self.input.focus()
        self._begin(self.input.value)

    def close(self, *, is_given_up: bool) -> None:
        """Hide it; given up, nothing is looked for and nothing marked any more."""
        self.display = False
        if is_given_up:
            self.input.value = ""
            self._begin("")
        self.post_message(self.Closed())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another query ends the search for the one before."""
        event.stop()
        if self.search is None or event.value.strip() != self.search.query:
            self._begin(event.value)

    def _begin(self, query: str) -> None:
        app = host_of(self)
        is_same = self.search is not None and (self.search.session, self.search.query) == (app.session, query.strip())
        if not is_same:
            context = app.main.pane("context")
            self.search = Search(app.session, query, lambda: context.finding)
            context.search("" if self.search.is_filter else query, app.session.document)
            self._now = self._chosen = None
            self._unmark()
        app.ui.searched = bool(query.strip())
        self._chosen = self._now
        self._beat()

    def _unmark(self) -> None:
        self._way = None
        if self._marked is not None:
            self._marked.highlight("")
            self._marked = None

    def _beat(self) -> None:
        """A slice of the search, and of the way to a hit; the beat rests when both are done."""
        if self.search is None or self._timer is None:
            return
        self.search.work(_SLICE_S)
        self._walk_on()
        if self.is_open:
            self._draw(self.search)
        is_idle = not self.is_open and not self.search.is_busy and self._way is None
        (self._timer.pause if is_idle else self._timer.resume)()

    def _draw(self, search: Search) -> None:
        rows = HitRows(search, self.rows.columns)
        height = min(len(rows), most_hits(self.app.size))
        if self.rows.styles.height is None or self.rows.styles.height.value != height:
            self.rows.styles.height = height
        chosen = self._chosen if self._chosen and self._chosen.group in dict(search.counts) else None
        cursor = rows.row_of(chosen) if chosen else 1
        self.rows.show_rows(rows, cursor=cursor, top=None if len(rows) else 0)
        number = search.number(chosen) if chosen else None
        width = self.app.size.width - 1
        self.status.show_all([*status_rows(search, number, width), *fault_rows(search, width)])

    def on_key(self, event: events.Key) -> None:
        """Esc gives up; the arrows choose a hit while one types."""
        if event.key == "escape":
            self.close(is_given_up=True)
        elif event.key in _MOVES:
            name, by = _MOVES[event.key]
            (self.rows.action_cursor if name == "cursor" else self.rows.action_page)(by)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_lines_view_moved(self, event: LinesView.Moved) -> None:
        """Another hit is chosen."""
        event.stop()
        rows = self.rows.rows
        self._chosen = rows.hit_at(event.index) if isinstance(rows, HitRows) else None

    def on_lines_view_entered(self, event: LinesView.Entered) -> None:
        """A second click goes there."""
        self.on_lines_view_moved(event)
        self.choose()

    def on_lines_view_resized(self, event: LinesView.Resized) -> None:
        """Draw for the new width."""
        event.stop()
        self._beat()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the chosen hit."""
        event.stop()
        self.choose()

    def choose(self) -> None:
        """Close the line and go to the chosen hit, else to the first; nothing typed gives up."""
        search = self.search
        self.close(is_given_up=search is None or not search.query)
        if search is not None and search.query:
            self._now = self._chosen
            self._go(search, self._now or search.beside(None, 1))

    def step(self, by: int) -> None:
        """Go to the next hit or the one before, through all groups and round."""
        if self.search is not None:
            if self.search.session is not host_of(self).session:
                self._begin(self.search.query)
            self._go(self.search, self.search.beside(self._now, by))

    def _go(self, search: Search, at: At | None) -> None:
        app = host_of(self)
        if at is None:
            nowhere = f"{search.query} stands nowhere{' as plain text' if search.fault else ''}."
            app.say(f"Nothing found yet of {search.query}." if search.is_busy else f"{search.fault} {nowhere}".strip())
            return
        self._now, hit = at, search.hit(at)
        place = f"{search.number(at):,} of {search.total:,}{'+' if search.is_busy else ''}"
        self._unmark()
        go_there(app, hit)
        app.say(f"Hit {place} · {GROUPS[at.group]} · {search.place(at)}")
        # the screen draws a pane that was hidden one frame later, and its rows for the right width in the next
        self.screen.call_after_refresh(self.screen.call_after_refresh, self._set_out, at, hit)

    def _set_out(self, at: At, hit: Hit) -> None:
        """Mark the hit on its pane, and look for its row."""
        pane = host_of(self).main.pane(pane_of(hit))
        if at != self._now:
            return
        if at.group == "document":
            pane.show_hit(at.nth)
            return
        self._marked = lines = pane if isinstance(pane, LinesView) else pane.lines
        lines.highlight(needle_of(hit))
        self._way, self._sought = row_of(lines, hit, pane.unfold), hit
        self._beat()

    def _walk_on(self) -> None:
        until = time.monotonic() + _SLICE_S
        while self._way is not None and self._marked is not None and time.monotonic() < until:
            row = next(self._way, -1)
            if row is None:
                continue
            self._way = None
            if row >= 0:
                self._marked.move_cursor(row, centre=True)
                place = place_in(self._marked.rows[row].text, self._sought) if self._sought else None
                if place is not None:
                    self._marked.point(row, *place)


def most_hits(size: Size) -> int:
    """How many rows the hits take of a screen; few enough that all panes stay on it, where that leaves some."""
    rooms = [size.height - _BARS - STRIP_BELOW] if size.width >= THREE_COLUMNS else []
    share, most = int(size.height * _SHARE), [*rooms, size.height - _BESIDE]
    return min(share, next((room for room in most if room >= _FEW), share))
