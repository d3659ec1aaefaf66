"""The rows of the list of saved runs: how each ended, when, what was asked of which document, with which model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rlm_tui.started import replaying
from rlm_tui.text import has_all, one_line, plural, short_bytes, short_cost
from rlm_tui.trace.saved import SavedRun, instant, name_of
from rlm_tui.ui.lines import BLANK, Line, Piece, Span, clip, ending, indent, line, pad, rjust, split, wrap_text
from rlm_tui.ui.rows import Provider
from rlm_tui.ui.states import of_status
from rlm_tui.ui.widgets.gate_bar import rows_of

_STATUS_CELLS, _AGO, _COST = 13, 5, 6
_DOCUMENT, _MODEL = 18, 22
_WIDE = 100
ABOUT_ROWS = 3
_AGES = ((60, 1, "s"), (3600, 60, "m"), (86_400, 3600, "h"), (86_400 * 100, 86_400, "d"))


def ago(when: str, now: float) -> str:
    """How long ago, in few cells: 12s, 5m, 3h, 9d, 2y; `–` when it is not known. `now` in seconds since 1970."""
    seconds = now - instant(when)
    if not instant(when) or seconds < 0:
        return "–" if not instant(when) else "now"
    for limit, unit, letter in _AGES:
        if seconds < limit:
            return f"{int(seconds / unit)}{letter}"
    years = seconds / (86_400 * 365)
    return f"{int(years)}y" if years >= 1 else f"{int(seconds / 86_400)}d"


def matching(runs: Sequence[SavedRun], text: str) -> list[SavedRun]:
    """The runs in which every word of a text stands, wherever; case does not matter."""
    words = text.casefold().split()
    return [run for run in runs if has_all(words, _searched(run))]


def _searched(run: SavedRun) -> str:
    name = Path(run.path).name
    return f"{run.question} {run.status} {run.model} {run.document} {run.problem} {name}"


class RunRows(Provider):
    """The rows of runs, each made when it is looked at; `now` in seconds since 1970."""

    def __init__(self, runs: Sequence[SavedRun], now: float, width: int) -> None:
        self._runs, self._now, self._width = runs, now, width

    def __len__(self) -> int:
        return len(self._runs)

    def at(self, index: int) -> Line:
        """The row of a run by its number from 0."""
        return run_row(self._runs[index], self._now, self._width)


def run_row(run: SavedRun, now: float, width: int) -> Line:
    """One run in `width` cells: status, age, question; document, model and cost as far as there is room."""
    left = [*pad(line(" ", _status(run)), _STATUS_CELLS + 1).spans, rjust(ago(run.when, now), _AGO), Span("  ")]
    words: Piece = (one_line(run.problem), "failed") if run.problem else (one_line(run.question) or "–", "text")
    more = line((f" +{run.more} more", "muted")) if run.more else line()
    right = [] if run.problem else _right(run, width)
    room = width - Line(tuple(left)).cells - Line(tuple(right)).cells
    asked = Line((*clip(line(words), room - 1 - more.cells).spans, *more.spans))
    return Line((*left, *pad(asked, room).spans, *right), run.path)


def _status(run: SavedRun) -> Piece:
    return of_status(run.status).brief


def _right(run: SavedRun, width: int) -> list[Span]:
    cost = rjust("–" if run.cost_usd is None else short_cost(run.cost_usd), _COST)
    model = pad(clip(line((one_line(run.model), "root")), _MODEL - 1), _MODEL)
    document = pad(clip(line((one_line(run.document) or "–", "muted")), _DOCUMENT - 1), _DOCUMENT)
    shown = [*document.spans, *model.spans] if width >= _WIDE else list(document.spans)
    return [*shown, cost]


def title_row(shown: int, total: int, folder: Path, width: int) -> Line:
    """How many there are, how many of them the filter lets through, and where they are."""
    count = plural(total, "saved run") if shown == total else f"{shown:,} of {plural(total, 'saved run')}"
    return split(line((" Runs", "accent bold"), (f"  {count}", "muted")), line((f"{folder} ", "dim")), width)


def about(run: SavedRun | None, width: int) -> list[Line]:
    """What is known of the run under the cursor beyond its row; of a name that is too long the end stays."""
    if run is None:
        return same_height([])
    if run.problem:
        facts = rows_of(one_line(run.problem, 300), width - 2, "failed", most=2)
    else:
        facts = rows_of(_facts(run), width - 2, "text", most=2)
    where = run.path if run.problem else replaying(name_of(Path(run.path)))
    path = one_line(where, len(where) + 1)
    room = (width - 3) * (ABOUT_ROWS - len(facts))  # a wide character may leave the last cell of a row empty
    return same_height([*facts, *wrap_text(ending(path, room), width - 2, "muted", words=False)])


def same_height(rows: list[Line]) -> list[Line]:
    """Rows below the list, always as many, so that the list stands still."""
    return [*indent(rows[:ABOUT_ROWS], 1), *[BLANK] * (ABOUT_ROWS - len(rows))]


def _facts(run: SavedRun) -> str:
    counts = [
        _questions(run),
        plural(run.iterations, "iteration") if run.iterations is not None else "",
        plural(run.sub_calls, "sub-call") if run.sub_calls is not None else "",
        short_bytes(run.bytes),
    ]
    words = [run.model or "–", run.document, *counts]
    return " · ".join(one_line(word, 60) for word in words if word)


def _questions(run: SavedRun) -> str:
    """How many questions there are and how the last ended, where there is more than one."""
    if run.questions is None or run.questions < 2:
        return ""
    return f"{run.questions} questions, the last: {of_status(run.last).word}"
