"""The way to a hit: its node and pane are shown, and the row on which it stands is looked for in slices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import takewhile

from rlm_tui.text import safe
from rlm_tui.ui.content.parts import FOLD
from rlm_tui.ui.host import Host
from rlm_tui.ui.searching import Hit
from rlm_tui.ui.state import Pane
from rlm_tui.ui.widgets.lines_view import LinesView

_CONTEXT = 60


def pane_of(hit: Hit) -> Pane:
    """The pane that holds a field."""
    return "context" if not hit.node else "vars" if hit.group == "var" else "step"


def go_there(app: Host, hit: Hit) -> None:
    """Show the pane and the node of a hit; a moment before it was said, and values of then, need a walk there."""
    if hit.node:
        if hit.seq > app.session.view.seq or hit.group == "var":
            app.go_to(hit.seq, hit.node)
        app.look_at(hit.node, pinned=True)
    app.main.enter(pane_of(hit))


def needle_of(hit: Hit) -> str:
    """What is marked of a hit: its longest line, as it is drawn."""
    return safe(max(hit.found.splitlines(), key=len, default="").strip())


def row_of(lines: LinesView, hit: Hit, unfold: Callable[[set[str]], None]) -> Iterator[int | None]:
    """The row where a hit stands, given last; None as often as time has passed. Folds over it are opened.

    Rows break texts at any place, so white space is left out, and of several rows the one whose surroundings are
    most alike is it.
    """
    enough = len(_bare(hit.before)[-_CONTEXT:] + _bare(hit.after)[:_CONTEXT]) // 2
    for _ in range(2):
        best, folds = (-1, 0), set[str]()
        for index in range(len(lines.rows)):
            best = max(best, (_likeness(lines, index, hit), -index))
            key = lines.rows[index].key
            if key.startswith(FOLD) and "▸" in lines.rows[index].text:
                folds.add(key)
            yield None
        if not folds or best[0] >= enough:
            break
        unfold(folds)
    if best[0] >= 0:
        yield -best[1]


def place_in(row: str, hit: Hit) -> tuple[int, int] | None:
    """From where to where a hit stands in its row; of several places the one whose surroundings are most alike."""
    needle = needle_of(hit)
    found = [match.span() for match in re.finditer(re.escape(needle), row, re.IGNORECASE)] if needle else []
    before, after = _bare(hit.before)[::-1], _bare(hit.after)

    def likeness(place: tuple[int, int]) -> int:
        return _alike(_bare(row[: place[0]])[::-1], before) + _alike(_bare(row[place[1] :]), after)

    return max(found, key=likeness, default=None)


def _bare(text: str) -> str:
    return "".join(safe(text, multiline=True).split()).casefold()


def _likeness(lines: LinesView, index: int, hit: Hit) -> int:
    """How many characters around the hit are those of a row and its neighbours; -1 when it does not begin there."""
    rows, found = lines.rows, _bare(hit.found)
    here = _bare(rows[index].text)
    below = "".join(_bare(rows[i].text) for i in range(index + 1, min(index + 3, len(rows))))
    at = (here + below).find(found)
    if not 0 <= at < len(here) or not found:
        return -1
    above = "".join(_bare(rows[i].text) for i in range(max(0, index - 2), index))
    most, before, after = -1, _bare(hit.before)[-_CONTEXT:], _bare(hit.after)[:_CONTEXT]
    while 0 <= at < len(here):
        left, right = (above + here[:at])[::-1], (here + below)[at + len(found) :]
        most = max(most, _alike(left, before[::-1]) + _alike(right, after))
        at = (here + below).find(found, at + 1)
    return most


def _alike(one: str, other: str) -> int:
    """How long two texts begin alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
