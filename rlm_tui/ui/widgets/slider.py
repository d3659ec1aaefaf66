"""The slider: every step of the trace as a dot on one line, and the place in it where one looks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence

from textual import events

from rlm_tui.session.base import Session
from rlm_tui.trajectory import Step
from rlm_tui.ui.lines import Line, Span, line, span, split
from rlm_tui.ui.widgets.bar import Bar
from rlm_tui.ui.words import MARK, is_behind

_WIDEST = 10
_HOLDS = "before_", "after_"
_BEHIND = "looking back"


def column_of(index: int, count: int, width: int) -> int:
    """The column, from 0, of step `index` (from 0) of `count` on a track of `width` cells; several may share one."""
    return int(index * min(_WIDEST, (width - 1) / (count - 1))) if count > 1 else 0


def step_at(column: int, count: int, width: int) -> int:
    """The index of the step nearest to a column."""
    gap = min(_WIDEST, (width - 1) / (count - 1)) if count > 1 else 1.0
    return max(0, min(count - 1, round(column / gap))) if gap else 0


def slider_line(steps: Sequence[Step], number: int, note: str, width: int, marks: Collection[int] = ()) -> Line:
    """The track with step `number` (from 1) lit, and a note on the right; costs its cells, however many steps.

    `marks` are the seqs of marked steps.
    """
    right = line((f"{note} ", "muted"))
    room, count = track_width(note, width), len(steps)
    if not count:
        return split(line((" ○", "dim")), right, width)
    here = column_of(max(0, min(number, count) - 1), count, room)
    cells = [_cell(steps, column, room) for column in range(column_of(count - 1, count, room) + 1)]
    cells[here] = _symbol(steps[max(0, number - 1)])
    for column in columns_of(marks, steps, room):
        cells[column] = MARK
    past, future = "".join(cells[:here]), "".join(cells[here + 1 :])
    track = (Span(" "), span(past, "muted"), span(cells[here], "accent bold"), span(future, "dim"))
    return split(Line(tuple(piece for piece in track if piece.text)), right, width)


def columns_of(marks: Collection[int], steps: Sequence[Step], room: int) -> set[int]:
    """The columns of a track of `room` cells in which a marked step stands."""
    places = ((bisect_left(steps, seq, key=lambda step: step.seq), seq) for seq in marks)
    found = [at for at, seq in places if at < len(steps) and steps[at].seq == seq]
    return {column_of(at, len(steps), room) for at in found}


def track_width(note: str, width: int) -> int:
    """The cells that the track has beside its note."""
    return max(2, width - len(note) - 4)


def _cell(steps: Sequence[Step], column: int, room: int) -> str:
    index = step_at(column, len(steps), room)
    return _symbol(steps[index]) if column_of(index, len(steps), room) == column else "━"


def _symbol(step: Step) -> str:
    return "‖" if step.label.startswith(_HOLDS) else "●"


def nearest(session: Session, x: int, width: int) -> int | None:
    """The index of the step nearest to a column of the track, or None when there is no step."""
    count = len(session.trajectory.steps)
    return step_at(x, count, track_width(note(session), width)) if count else None


def note(session: Session) -> str:
    """`step 3 of 9 · live`, as wide as it can get with these steps: the dots stand still while one walks."""
    total = len(session.trajectory.steps)
    if not total:
        return "no step yet"
    mode = "recorded" if session.phase == "replay" else _BEHIND if is_behind(session) else "live"
    widest = mode if session.phase == "replay" else _BEHIND
    return f"step {number_of(session)} of {total} · {mode}".rjust(len(f"step {total} of {total} · {widest}"))


def number_of(session: Session) -> int:
    """The step, from 1, at which one looks; 0 before the first."""
    return session.view.step_number() if is_behind(session) else len(session.trajectory.steps)


class Slider(Bar):
    """The place in the trace, live or not; a click goes there, and the pointer can be dragged along it."""

    _slid = -1

    def show(self, session: Session) -> None:
        """Draw the steps as far as they are known."""
        width = self.size.width or self.app.size.width
        self.show_rows(
            slider_line(session.trajectory.steps, number_of(session), note(session), width, session.notebook.marks)
        )

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go to the step nearest to the pointer, and along with it until it is let go."""
        self.capture_mouse()
        self._slide(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the pointer while it is held down."""
        if self.app.mouse_captured is self:
            self._slide(event.x)

    def on_mouse_up(self) -> None:
        """The pointer is let go."""
        self.release_mouse()
        self._slid = -1

    def _slide(self, x: int) -> None:
        if x != self._slid:
            self._slid = x
            self.app.call_later(self.app.run_action, f"slide({x - 1}, {self.size.width})")
