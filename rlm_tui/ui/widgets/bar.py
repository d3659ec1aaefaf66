"""Bars: one or a few rows drawn by hand, so that a change repaints these rows and lays nothing out again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.segment import Segment
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from rlm_tui.ui.lines import BLANK, Line, Span, pad, span, split
from rlm_tui.ui.theme import style

_KEY = "key:"
_NAMES = {"Enter": "enter", "Esc": "escape", "Space": "space", "Home": "home", "End": "end"}


class Verb(NamedTuple):
    """A key and what it does, as a bar shows it; `action` is the id in the registry, "" for a key of one screen.

    Two keys that belong together, such as `, .`, are one verb: `other` is what all but the first of them does.
    """

    action: str
    key: str
    label: str
    other: str = ""

    @property
    def spans(self) -> tuple[Span, Span]:
        """The key bright, the word quiet."""
        return span(self.key, "accent bold"), span(f" {self.label}", "muted")

    @property
    def cells(self) -> int:
        """The cells that the verb takes."""
        return Line(self.spans).cells


def strip_of(widget: Widget, row: Line, width: int) -> Strip:
    """A row as exactly `width` cells in the colours of the theme of now."""
    strip = Strip([Segment(text, style(widget, role)) for text, role in pad(row, width).spans], width)
    return strip.apply_style(widget.rich_style)


class Bar(Widget):
    """Base of the bars: a subclass says its rows, `show_rows` paints those that differ."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._rows: tuple[Line, ...] = ()

    def show_rows(self, *rows: Line) -> None:
        """Draw these rows from now on; does nothing when they are the same."""
        if rows != self._rows:
            self._rows = rows
            self.refresh()

    def show_all(self, rows: Sequence[Line]) -> None:
        """Draw these rows and be as high as they are."""
        if len(rows) != len(self._rows):
            self.styles.height = len(rows)
        self.show_rows(*rows)

    @property
    def rows(self) -> tuple[str, ...]:
        """What the bar says, without colours."""
        return tuple(row.text for row in self._rows)

    def render_line(self, y: int) -> Strip:
        """One row of the bar."""
        row = self._rows[y] if y < len(self._rows) else BLANK
        return strip_of(self, row, self.size.width)


class VerbBar(Bar):
    """A bar with verbs that can be clicked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._spots: list[tuple[int, int, int, str]] = []

    def verbs_line(self, verbs: Iterable[Verb], width: int, y: int, most: int = 8) -> Line:
        """As many verbs as fit into `width` cells of row `y`, at most `most`."""
        spots: list[tuple[int, int, int, str]] = []
        spans, used, gap = [span(" ")], 1, 3 if width > 100 else 2
        for verb in list(verbs)[:most]:
            if used + verb.cells > width:
                break
            spots += _clicks(verb, y, used)
            spans += [*verb.spans, span(" " * gap)]
            used += verb.cells + gap
        self._spots = spots
        return Line(tuple(spans[:-1]))

    def show_verbs(self, verbs: Iterable[Verb], right: Line, width: int) -> None:
        """Draw one row of verbs, and what stands at its right end."""
        self.show_rows(split(self.verbs_line(verbs, width - right.cells - 1, 0), right, width))

    def on_click(self, event: events.Click) -> None:
        """A click on a verb is its key."""
        for y, start, end, action in self._spots:
            if event.y == y and start <= event.x < end:
                self._click(action)

    def _click(self, action: str) -> None:
        app, key = self.app, action.removeprefix(_KEY)
        if key == action:
            app.call_later(app.run_action, f"perform('{action}')")
        else:
            app.simulate_key(_NAMES.get(key, key))


def _clicks(verb: Verb, y: int, x: int) -> list[tuple[int, int, int, str]]:
    """Where a click means which action, or which key of the screen."""
    first = x + (len(verb.key.partition(" ")[0]) if verb.other else verb.cells)
    rest = [(y, first, x + verb.cells, verb.other)] if verb.other else []
    return [(y, x, first, verb.action or _KEY + verb.key), *rest]
