"""The hits of a search as rows: a heading a group, below it one line a hit with its place and passage."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from rich.cells import cell_len

from rlm_tui.ui.content.context import HIT
from rlm_tui.ui.lines import Line, clip, line, pad, wrap_text
from rlm_tui.ui.rows import Provider
from rlm_tui.ui.searching import GROUPS, At, Search, counted

_PLACE, _MARGIN, _FIRST = 26, 4, 40
_LEAD = 0.25
_NO_BREAK = "\u00a0"


class HitRows(Provider):
    """Rows of the hits that there were when it was made; each is made when it is looked at."""

    def __init__(self, search: Search, width: int) -> None:
        self._search, self._width = search, width
        self._counts = search.counts
        self._narrows: dict[str, int] = {}
        self._ends = list(accumulate(count + 1 for _, count in self._counts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _narrow(self, group: str) -> int:
        """The cells of the places of a group: no more than those of its first hits take."""
        if group not in self._narrows:
            firsts = (At(group, nth) for nth in range(min(dict(self._counts)[group], _FIRST)))
            widest = max(cell_len(self._search.place(at)) for at in firsts)
            self._narrows[group] = min(widest + _MARGIN, _PLACE, self._width // 3)
        return self._narrows[group]

    def _group(self, index: int) -> tuple[str, int]:
        """The group of a row, and its place there; 0 is the heading."""
        nth = bisect_right(self._ends, index)
        return self._counts[nth][0], index - (self._ends[nth - 1] if nth else 0)

    def at(self, index: int) -> Line:
        """One row."""
        group, nth = self._group(index)
        if not nth:
            return line((f"{GROUPS[group].upper()} ", "muted bold"), (f"{dict(self._counts)[group]:,}", "dim"))
        return self._row(At(group, nth - 1))

    def _row(self, at: At) -> Line:
        hit, narrow = self._search.hit(at), self._narrow(at.group)
        place = pad(clip(line("  ", (self._search.place(at), "muted")), narrow - 1), narrow)
        room = self._width - narrow
        before = " ".join(hit.before.split()) + " " * hit.before[-1:].isspace()
        lead = before[-int(room * _LEAD) :]
        cut = "…" if len(lead) < len(before) else ""
        after = " " * hit.after[:1].isspace() + " ".join(hit.after.split())
        found = " ".join(hit.found.split())
        passage = line((cut, "dim"), (lead, "text"), (found, HIT), (after, "text"))
        return clip(Line((*place.spans, *passage.spans)), self._width)

    def hit_at(self, index: int) -> At | None:
        """The hit of a row; that of a heading is the first below it."""
        if not 0 <= index < len(self):
            return None
        group, nth = self._group(index)
        return At(group, max(0, nth - 1))

    def row_of(self, at: At) -> int:
        """The row of a hit."""
        nth = next((nth for nth, (group, _) in enumerate(self._counts) if group == at.group), 0)
        return (self._ends[nth - 1] if nth else 0) + 1 + at.nth


def status(search: Search, number: int | None) -> Line:
    """How a search stands: `3 of 19 · output 3 · code 2 · document 14 · searching 43%`."""
    if not search.query:
        return line(("every field of the run and the document; ~ begins a filter", "dim"))
    total = search.total
    place = f"{number:,} of {total:,} · " if number else ""
    counts = counted(search.counts) if total else "" if search.is_busy else "no hit"
    percent = f" {search.percent}%" if search.percent is not None else " the document"
    busy = f"{' · ' if counts else ''}searching{percent}" if search.is_busy else ""
    return line((place, "dim"), (counts, "accent" if total else "careful"), (busy, "dim"))


def status_rows(search: Search, number: int | None, width: int) -> list[Line]:
    """How a search stands, whole: in a second row what does not fit beside the rest."""
    row = status(search, number)
    if row.cells <= width:
        return [row]
    held = row.text.replace(" ", _NO_BREAK).replace(f"{_NO_BREAK}·{_NO_BREAK}", f"{_NO_BREAK}· ")
    return [line((each.text.replace(_NO_BREAK, " "), "accent")) for each in wrap_text(held, width)]


def fault_rows(search: Search, width: int) -> list[Line]:
    """What is wrong with a filter, whole, and that it is taken as text where it is."""
    read = "" if search.is_filter else "read as plain text: "
    return wrap_text(f"{read}{search.fault}", width, "careful") if search.fault else []
