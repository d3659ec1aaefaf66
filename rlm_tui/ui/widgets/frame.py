"""The frame around the panes: places them by a plan, and draws their titles and the rules between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from textual import events
from textual.geometry import Offset, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from rlm_tui.session.base import Session
from rlm_tui.ui.lines import BLANK, NO_SPAN, Line, Span, line, pad, span, split
from rlm_tui.ui.state import PANES, Pane
from rlm_tui.ui.widgets.bar import strip_of
from rlm_tui.ui.widgets.layout import Plan, Titles, plan


class PaneWidget(Protocol):
    """What the frame asks of a pane: its title, and to draw a session at a selection (cheap when nothing changed).

    A pane that shows something of a child RLM names it in `pane_whose`.
    """

    pane_title: str

    def show(self, session: Session, selection: str | None) -> None:
        """Draw what there is at the session's cursor."""
        ...


class PlannedLayout(Layout):
    """Places children where the frame's plan says; those that it leaves out are not shown."""

    name = "planned"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:  # noqa: ARG002
        """A placement for every child that the plan has."""
        frame = cast(Frame, parent)
        regions = frame.planned(size).panes
        return [
            WidgetPlacement(regions[name], Offset(), Spacing(), child)
            for name, child in frame.panes.items()
            if name in regions and child in children
        ]


class Frame(Widget):
    """Holds every pane once, whatever the layout, so that position, focus and expansion survive it."""

    DEFAULT_CSS = "Frame { width: 1fr; height: 1fr; }"

    class TitleClicked(Message):
        """A click on the title of a pane."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane: Pane = pane

    def __init__(self, panes: dict[Pane, Widget]) -> None:
        super().__init__(*panes.values(), markup=False)
        self.panes = panes
        self._layout = PlannedLayout()
        self._recent: Sequence[Pane] = PANES
        self._zoomed = False
        self._plan = (Size(-1, -1), Plan())
        self._focused: Pane | None = None
        self._notes: dict[Pane, Span] = {}
        self._names: dict[Pane, str] = {}
        self._keys: dict[Pane, str] = {pane: str(number) for number, pane in enumerate(PANES, 1)}

    @property
    def layout(self) -> Layout:
        """How Textual places the panes; a plan is no layout that a stylesheet could name."""
        return self._layout

    @property
    def plan(self) -> Plan:
        """Where everything stands now."""
        return self._plan[1]

    @property
    def on_screen(self) -> list[Pane]:
        """The panes that can be seen, in their order."""
        return [pane for pane in PANES if pane in self.plan.panes]

    def arrange_for(self, recent: Sequence[Pane], *, zoomed: bool) -> None:
        """Lay out for the panes that were used last; does nothing when the same ones stay on screen."""
        self._recent, self._zoomed = tuple(recent), zoomed
        made = plan(self.size, self._recent, zoomed=zoomed)
        if made != self.plan:
            self._plan = self.size, made
            self._clear_arrangement_cache()
            self.refresh(layout=True)

    def planned(self, size: Size) -> Plan:
        """The plan for a size."""
        if self._plan[0] != size:
            self._plan = size, plan(size, self._recent, zoomed=self._zoomed)
        return self.plan

    def mark(self, focused: Pane | None) -> None:
        """Light the title of the pane that has the focus, and show what panes note beside their titles."""
        notes = {name: _note_of(pane) for name, pane in self.panes.items()}
        names = {name: self._title(name, is_shown=True) for name in self.panes}
        if (focused, notes, names) != (self._focused, self._notes, self._names):
            self._focused, self._notes, self._names = focused, notes, names
            self.refresh(*(titles.region for titles in self.plan.strips))

    def name_keys(self, keys: dict[Pane, str]) -> None:
        """Show these keys in the titles."""
        if keys != self._keys:
            self._keys = keys
            self.refresh(*(titles.region for titles in self.plan.strips))

    def render_line(self, y: int) -> Strip:
        """The titles and rules of one row; what panes cover is drawn by them."""
        width = self.size.width
        pieces = sorted(
            [(t.region.x, self._titles(t)) for t in self.plan.strips if t.region.y == y]
            + [(r.x, line(("│", "rule"))) for r in self.plan.rules if r.y <= y < r.bottom],
            key=lambda piece: piece[0],
        )
        row = BLANK
        for x, piece in pieces:
            row = Line((*pad(row, x).spans, *piece.spans))
        return strip_of(self, row, width)

    def _titles(self, titles: Titles) -> Line:
        spans: list[Span] = [Span(" ")]
        for name in titles.panes:
            role = "accent bold" if name == self._focused else "muted" if name == titles.shown else "dim"
            spans += [span(self._title(name, is_shown=name == titles.shown), role), Span("  ")]
        note = self._notes.get(titles.shown, NO_SPAN)
        width = titles.region.width
        return pad(split(Line(tuple(spans)), Line((Span(f"{note.text} ", note.role),)), width), width)

    def _title(self, name: Pane, *, is_shown: bool) -> str:
        pane = self.panes[name]
        whose = getattr(pane, "pane_whose", "") if is_shown else ""
        return f"{self._keys[name]} {getattr(pane, 'pane_title', name)}{whose and f' · {whose}'}"

    def on_click(self, event: events.Click) -> None:
        """A click on a title goes to its pane."""
        for titles in self.plan.strips:
            if titles.region.contains(event.x, event.y):
                at = titles.region.x + 1
                for name in titles.panes:
                    end = at + len(self._title(name, is_shown=name == titles.shown))
                    if at <= event.x < end:
                        self.post_message(self.TitleClicked(name))
                    at = end + 2


def _note_of(pane: Widget) -> Span:
    """What a pane notes beside its title."""
    note = getattr(pane, "pane_note", NO_SPAN)
    return note if isinstance(note, Span) else span(str(note), "dim")
