"""The slider: every step of the trace as a dot on one line, and the place in it where one looks."""

from __future__ import annotations

from textual import events

from rlm_tui.session.base import Session
from rlm_tui.trajectory import Step
from rlm_tui.ui.bar_words import is_behind
from rlm_tui.ui.lines import Line, Span, line, span, split
from rlm_tui.ui.widgets.bar import Bar

_WIDEST = 10
_HOLDS = "before_", "after_"


def places(count: int, width: int) -> list[int]:
    """The column of each of `count` steps on a track of `width` cells; several may share one."""
    if count < 2 or width < 2:
        return [0] * count
    gap = min(_WIDEST, (width - 1) / (count - 1))
    return [int(index * gap) for index in range(count)]


def slider_line(steps: list[Step], number: int, note: str, width: int) -> Line:
    """The track with step `number` (from 1) lit, and a note on the right."""
    right = line((f"{note} ", "muted"))
    room = max(2, width - right.cells - 3)
    columns = places(len(steps), room)
    if not columns:
        return split(line((" ○", "dim")), right, width)
    here = columns[max(0, min(number, len(steps)) - 1)]
    cells = ["━"] * (columns[-1] + 1)
    for column, step in zip(columns, steps, strict=True):
        cells[column] = "‖" if step.label.startswith(_HOLDS) else "●"
    past, future = "".join(cells[:here]), "".join(cells[here + 1 :])
    track = (Span(" "), span(past, "muted"), span(cells[here], "accent bold"), span(future, "dim"))
    return split(Line(tuple(piece for piece in track if piece.text)), right, width)


def nearest(session: Session, x: int, width: int) -> int | None:
    """The index of the step nearest to a column of the track, or None when there is no step."""
    columns = places(len(session.trajectory.steps), max(2, width - len(note(session)) - 4))
    return min(range(len(columns)), key=lambda index: (abs(columns[index] - x), -index), default=None)


def note(session: Session) -> str:
    """`step 3 of 9 · live`."""
    total = len(session.trajectory.steps)
    if not total:
        return "no step yet"
    mode = "recorded" if session.phase == "replay" else "looking back" if is_behind(session) else "live"
    return f"step {number_of(session)} of {total} · {mode}"


def number_of(session: Session) -> int:
    """The step, from 1, at which one looks; 0 before the first."""
    return session.view.step_number() if is_behind(session) else len(session.trajectory.steps)


class Slider(Bar):
    """The place in the trace, live or not; a click goes there."""

    def show(self, session: Session) -> None:
        """Draw the steps as far as they are known."""
        width = self.size.width or self.app.size.width
        self.show_rows(slider_line(session.trajectory.steps, number_of(session), note(session), width))

    def on_click(self, event: events.Click) -> None:
        """Go to the step nearest to the pointer."""
        self.app.call_later(self.app.run_action, f"slide({event.x - 1}, {self.size.width})")
