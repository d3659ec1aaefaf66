"""Where every pane stands, as arithmetic: a size and where the person is give regions; widgets are never moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from textual.geometry import Region, Size

from rlm_tui.ui.state import PANES, Pane

_TWO_COLUMNS = 100
THREE_COLUMNS = 180
STRIP_BELOW = 34
_STACKED = 16
_VARS_SHARE = 0.36


@dataclass(frozen=True, slots=True)
class Titles:
    """A row of titles: the panes that share the place below it, and which of them is there."""

    region: Region
    panes: tuple[Pane, ...]
    shown: Pane


@dataclass(slots=True)
class Plan:
    """Regions of the panes on screen, the rows of titles above them, and the thin rules between."""

    panes: dict[Pane, Region] = field(default_factory=dict)
    strips: list[Titles] = field(default_factory=list)
    rules: list[Region] = field(default_factory=list)

    def place(self, region: Region, panes: tuple[Pane, ...], recent: Sequence[Pane]) -> None:
        """Give a region to some panes: a row of titles, and below it the one that was used last."""
        shown = next(pane for pane in recent if pane in panes)
        self.strips.append(Titles(Region(region.x, region.y, region.width, 1), panes, shown))
        self.panes[shown] = Region(region.x + 1, region.y + 1, max(0, region.width - 1), max(0, region.height - 1))


def plan(size: Size, recent: Sequence[Pane], *, zoomed: bool) -> Plan:
    """The layout for a body of this size; `recent` are the panes by when they were used, newest first."""
    made = Plan()
    if zoomed or size.width < _TWO_COLUMNS:
        made.place(Region(0, 0, size.width, size.height), PANES, recent)
    elif size.width >= THREE_COLUMNS and size.height >= STRIP_BELOW:
        _three_columns(made, size, recent)
    else:
        _two_columns(made, size, recent)
    return made


def _two_columns(made: Plan, size: Size, recent: Sequence[Pane]) -> None:
    left = max(30, min(44, round(size.width * 0.275)))
    _left_column(made, Region(0, 0, left, size.height), recent)
    made.rules.append(Region(left, 0, 1, size.height))
    rest = Region(left + 1, 0, size.width - left - 1, size.height)
    made.place(rest, ("step", "chat", "repl", "context"), recent)


def _left_column(made: Plan, region: Region, recent: Sequence[Pane]) -> None:
    if region.height < _STACKED:
        made.place(region, ("calls", "vars"), recent)
        return
    below = max(6, round(region.height * _VARS_SHARE))
    above, under = region.split_horizontal(region.height - below)
    made.place(above, ("calls",), recent)
    made.place(under, ("vars",), recent)


def _three_columns(made: Plan, size: Size, recent: Sequence[Pane]) -> None:
    below = max(12, round(size.height * 0.3))
    top = size.height - below
    left = max(44, min(64, round(size.width * 0.28)))
    middle = (size.width - left - 2) // 2
    right = size.width - left - 2 - middle
    made.place(Region(0, 0, left, top), ("calls",), recent)
    made.place(Region(left + 1, 0, middle, top), ("step",), recent)
    made.place(Region(left + 2 + middle, 0, right, top), ("chat", "repl"), recent)
    made.place(Region(0, top, left, below), ("vars",), recent)
    made.place(Region(left + 1, top, size.width - left - 1, below), ("context",), recent)
    made.rules += [Region(left, 0, 1, size.height), Region(left + 1 + middle, 0, 1, top)]
