"""What a node of a run has spent by any moment, in 32 bytes an event: a trace may hold a million sub-calls."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from math import isnan, nan

from rlm_tui.events import Usage

_MOST = 2.0**53  # what a double holds exactly; a trace may claim any number


class Spending:
    """What a node and all below it spent, summed up at each event; a row is seq, tokens in, tokens out, cost."""

    __slots__ = ("_gaps", "_rows")

    def __init__(self) -> None:
        self._rows = array("d")
        self._gaps: array[int] | None = None

    @property
    def gaps(self) -> int:
        """How many calls below spent what nobody told, by the last event."""
        return self._gaps[-1] if self._gaps else 0

    def lack(self, seq: int, more: int) -> None:
        """So many more calls of unknown spending at an event; fewer when something above tells for them."""
        if self._gaps is None:
            self._gaps = array("q")
        self._gaps.extend((seq, self.gaps + more))

    def lacks_at(self, seq: int) -> bool:
        """Whether the sum by an event is only a part of what was spent."""
        gaps = self._gaps or ()
        end = 2 * bisect_right(range(len(gaps) // 2), seq, key=lambda row: gaps[2 * row])
        return bool(end and gaps[end - 1])

    def add(self, seq: int, tokens_in: float, tokens_out: float, cost: float) -> None:
        """Spend some more at an event; NaN is unknown, which is not 0."""
        rows = self._rows
        if rows:
            tokens_in, tokens_out, cost = (
                _plus(rows[-3], tokens_in),
                _plus(rows[-2], tokens_out),
                _plus(rows[-1], cost),
            )
        rows.extend((seq, tokens_in, tokens_out, cost))

    def at(self, seq: int) -> Usage:
        """The sum by an event."""
        rows = self._rows
        end = 4 * bisect_right(range(len(rows) // 4), seq, key=lambda row: int(rows[4 * row]))
        if not end:
            return Usage()
        tokens_in, tokens_out, cost = (None if isnan(value) else value for value in rows[end - 3 : end])
        return Usage(_whole(tokens_in), _whole(tokens_out), cost)


def amounts_of(usage: Usage) -> tuple[float, float, float]:
    """Tokens in, tokens out and cost as `Spending` takes them."""
    return _amount(usage.input_tokens), _amount(usage.output_tokens), _amount(usage.cost_usd)


def _amount(value: float | None) -> float:
    return nan if value is None else max(-_MOST, min(_MOST, value))


def _plus(before: float, more: float) -> float:
    if isnan(more):
        return before
    return more if isnan(before) else before + more


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
